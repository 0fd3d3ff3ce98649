"""Where the faults happen: one bot in the sandbox's worlds, and how people see what becomes of a video."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from bot import app, works
from bot.clock import Clock
from sandbox.demo.watch import until
from sandbox.discord.objects import Json
from sandbox.server import Fault, World
from sandbox.worlds import Worlds
from services.clients.notion import NotionClient
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import STILL, post_file
from tests.e2e.faults.rows import Row
from tests.e2e.observing import ENDS, audited, cards, pages_of, seen

STATUS = "Transcript Process Status"
LONGER_THAN_A_RETRY_S = 46.0
"""The first wait is 30 s, spread by half either way."""

Scenario = Callable[["Scene"], AsyncGenerator[Json, None]]
"""Posts a video into a fault and yields its message; then ends the fault and yields again, or ends; then clears up."""


class Scene:
    """What a scenario acts on. `forward` is what makes long waits short."""

    def __init__(self, worlds: Worlds, patch: pytest.MonkeyPatch) -> None:
        self.worlds = worlds
        self.patch = patch
        self._ahead_s = 0.0
        loop = asyncio.get_running_loop()
        real = loop.time
        patch.setattr(loop, "time", lambda: real() + self._ahead_s)

    def forward(self, seconds: float = LONGER_THAN_A_RETRY_S) -> None:
        """Let the event loop's clock, by which everybody waits, be later: no machine's clock is touched."""
        self._ahead_s += seconds

    def set_clock(self, clock: Callable[[], float]) -> None:
        """Let the machine's clock show another time to those who date jobs, and to Python's `time`."""
        self.patch.setattr(time, "time", clock)

    def post(self, content: str = "once more") -> Json:
        """Post the video that is done already: all that is left to do for it is its page."""
        return self.worlds.discord.post("audit-process", f"{content} {self.worlds.site.clip_url(STILL)}")

    def post_file(self, name: str = STILL) -> Json:
        """Post a video that is new."""
        return post_file(self.worlds, name)

    def fault(self, world: World, method: str, path: str, status: int | None = None, **more: Any) -> Fault:
        fault = Fault(method, path, status, **more)
        world.faults.append(fault)
        return fault

    def notion_says(self, status: int, method: str = "PATCH", path: str = "^/v1/pages/", **more: Any) -> Fault:
        """Let Notion answer the last update of a page with an error, in its own form."""
        code, message = (
            more.pop("code", "rate_limited" if status == 429 else "service_unavailable"),
            more.pop("message", "Nonsense."),
        )
        body = {"object": "error", "status": status, "code": code, "message": message}
        return self.fault(self.worlds.notion, method, path, status, body=body, **more)

    @property
    def alerts(self) -> list[str]:
        """What the channel was told beside the cards."""
        messages = self.worlds.discord.messages("audit-process")
        return [seen(message) for message in messages if message["content"].startswith("⚠️")]

    async def until(self, condition: Callable[[], bool], within: float = 30.0) -> None:
        await until(self.worlds, condition, within)

    async def card_says(self, message: Json, words: str) -> None:
        await self.until(lambda: any(words in seen(one) for one in cards(self.worlds, message)))

    async def play(self, scenario: Scenario, row: Row) -> None:
        """Let a fault come and go, and see that people are told what the row says."""
        told = len(self.alerts)
        acting = scenario(self)
        message = await anext(acting)
        if row.meanwhile:
            await self.card_says(message, row.meanwhile)
        if row.alert:
            await self.until(lambda: len(self.alerts) > told)
            assert row.alert in self.alerts[-1]
        await anext(acting, None)
        await self.until(lambda: self._has_ended(message, row), within=row.within_s)
        self._check(message, row)
        await anext(acting, None)
        assert len(self.alerts) == told + bool(row.alert)

    def _has_ended(self, message: Json, row: Row) -> bool:
        pages = pages_of(self.worlds, message)
        if row.has_page and [page[STATUS] for page in pages] != [row.ends]:
            return False
        shown = cards(self.worlds, message)
        return not row.has_card or (len(shown) == 1 and seen(shown[0]).split("\n")[1].startswith(ENDS))

    def _check(self, message: Json, row: Row) -> None:
        if row.has_card:
            [card] = cards(self.worlds, message)
            assert ("✅" if row.ends == "Complete" else "❌") in seen(card)
            assert row.says in seen(card)
        if row.has_page:
            [page] = pages_of(self.worlds, message)
            assert (row.says if row.ends == "Error" else "") in page["ProcessErrors"]
            assert bool(page["ProcessErrors"]) is (row.ends == "Error")
            assert page["Processing time"] is None or page["Processing time"] >= 0


@asynccontextmanager
async def scene(worlds: Worlds, start_bot: StartBot, patch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """Open a scene in which one video is done. Notion's limit, which has tests of its own, is out of the way."""
    worlds.notion.gate.requests_per_second = 1000
    patch.setattr(app, "Clock", partial(Clock, wall=lambda: time.time()))  # noqa: PLW0108 (looked up at each call)
    patch.setattr(works, "NotionClient", partial(NotionClient, requests_a_second=100))
    async with start_bot(OPERATOR_RETRY_S="1", WHISPER_WORKERS="1"):
        opened = Scene(worlds, patch)
        await audited(worlds, opened.post("first"))
        yield opened
        patch.undo()
