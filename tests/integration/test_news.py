"""Rules of what is said about a newer yt-dlp: pip is asked, of an index on loopback."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from importlib.metadata import version

import pytest
from aiohttp import web

from bot.news import tell_news
from services.doctor.finding import Level
from services.doctor.machine import check_ytdlp
from services.doctor.newest import find_newer_ytdlp
from services.store import JobStore
from tests.builders import NOON

NEWER = "2999.1.2"


@pytest.fixture
async def releases(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[str]]:
    """What the only package index has of yt-dlp."""
    releases: list[str] = []

    async def files(_: web.Request) -> web.Response:
        names = [f"yt_dlp-{release}-py3-none-any.whl" for release in releases]
        links = "".join(f'<a href="/{name}">{name}</a>' for name in names)
        return web.Response(text=f"<!DOCTYPE html><html><body>{links}</body></html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/simple/yt-dlp/", files)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{runner.addresses[0][1]}/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    yield releases
    await runner.cleanup()


async def test_the_doctor_says_which_newer_one_pip_reaches_and_how_to_take_it(releases: list[str]) -> None:
    releases += [version("yt-dlp"), NEWER, "3000.1.1.dev0"]

    finding, _ = await check_ytdlp(date(2026, 8, 20))

    assert finding.level is Level.WARNING
    assert f"{NEWER} is out" in finding.text
    assert "pip install --upgrade" in finding.remedy
    assert f"yt-dlp[default]=={NEWER}" in finding.remedy


async def test_the_installed_one_is_not_news(releases: list[str]) -> None:
    releases += ["2020.1.1", version("yt-dlp")]

    assert await find_newer_ytdlp() is None


async def test_an_index_that_cannot_be_reached_is_no_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)

    assert await find_newer_ytdlp() is None


@pytest.mark.parametrize(("ago", "said"), [(None, 1), (timedelta(days=6), 0), (timedelta(days=8), 1)])
async def test_the_log_says_it_once_a_week_however_often_the_bot_is_started(
    store: JobStore, caplog: pytest.LogCaptureFixture, ago: timedelta | None, said: int
) -> None:
    async def newer() -> str:
        return NEWER

    async def start(now: datetime) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await tell_news(store, lambda: now, first_look_s=0, find=newer)

    caplog.set_level(logging.WARNING)
    if ago is not None:
        await start(NOON - ago)
        caplog.clear()

    for _ in range(2):
        await start(NOON)

    assert len(caplog.records) == said
    assert all(NEWER in record.message for record in caplog.records)
