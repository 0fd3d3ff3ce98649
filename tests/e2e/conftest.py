"""The real bot, connected to the sandbox's worlds through nothing but its settings."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import app
from config.settings import Settings
from sandbox.worlds import Worlds


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The video site's clips, made once."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
async def worlds(tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Worlds]:
    """Four worlds, checked at the end: no request or answer may break a service's official description."""
    async with Worlds(tmp_path, clips) as worlds:
        for name, value in worlds.environment().items():
            monkeypatch.setenv(name, value)
        yield worlds
    assert worlds.violations == []


@pytest.fixture
async def bot(worlds: Worlds) -> AsyncIterator[asyncio.Task[None]]:
    """A bot that listens."""
    settings = Settings(_env_file=None, **{name.lower(): value for name, value in worlds.settings().items()})
    stop = asyncio.Event()
    running = asyncio.create_task(app.run(settings, {}, stop))
    await worlds.discord.until(lambda: worlds.discord.connected or running.done())
    yield running
    stop.set()
    await running
