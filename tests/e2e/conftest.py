"""The real bot, connected to the sandbox's worlds through nothing but its settings."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from bot import app
from config.settings import load_settings
from sandbox.worlds import Worlds
from tests.e2e.observing import pinging


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The video site's clips, made once."""
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
async def worlds(tmp_path: Path, clips: Path) -> AsyncIterator[Worlds]:
    """Four worlds, checked at the end: no request or answer may break a service's description, none may ping."""
    async with Worlds(tmp_path, clips) as worlds:
        yield worlds
    assert worlds.violations == []
    assert pinging(worlds.discord) == []


StartBot = Callable[..., AbstractAsyncContextManager[None]]


ON_POSTGRES = os.environ.get("TEST_QUEUE") == "postgres"
"""Whether every bot works on a Postgres ledger: `make test-all` runs the whole of these tests on both."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if ON_POSTGRES and item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason="it looks into the ledger's file"))


@pytest.fixture
def port() -> int:
    """One on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings of the ledger."""
    if not ON_POSTGRES:
        return {}
    return {"DATABASE_URL": request.getfixturevalue("database_url"), "WORKER_SILENT_S": "3"}


@pytest.fixture
def start_bot(worlds: Worlds, ledger: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> StartBot:
    """Returns a context manager of a bot that listens; it takes further settings."""

    @asynccontextmanager
    async def start(**settings: str) -> AsyncIterator[None]:
        monkeypatch.chdir(worlds.folder)  # where no .env lies
        no_index = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}  # the doctor asks pip for news
        for name, value in (worlds.settings() | worlds.environment() | no_index | ledger | settings).items():
            monkeypatch.setenv(name, value)
        stop = asyncio.Event()
        running = asyncio.create_task(app.run(load_settings(), {}, stop))
        running.add_done_callback(lambda _: worlds.discord.changed())
        await worlds.discord.until(lambda: worlds.discord.connected or running.done())
        yield
        stop.set()
        await running

    return start


@pytest.fixture
async def bot(start_bot: StartBot) -> AsyncIterator[None]:
    """A bot that listens."""
    async with start_bot():
        yield
