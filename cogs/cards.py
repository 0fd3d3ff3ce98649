"""The live card of each video: what the channel sees of it, edited in place as the work goes on."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from weakref import WeakValueDictionary

import discord

from cogs.buttons import buttons
from cogs.card_messages import CardMessages
from cogs.views.card import card
from services.errors import PermanentError
from services.jobs.job import Job
from services.overview import Overview
from services.pipeline.projection import Projection
from services.store import JobStore

EVERY_S = 3.0
"""The least time between two edits of a card."""
_SLOWER = 60
"""A card that is an hour old shows its percent once in a minute: Discord limits the edits of old messages."""


@dataclass(frozen=True, slots=True)
class _Drawn:
    job: Job
    embed: discord.Embed
    view: discord.ui.View

    @property
    def look(self) -> Any:
        return self.embed.to_dict(), self.view.to_components()


@dataclass(frozen=True, slots=True)
class _Shown:
    look: Any
    news: tuple[Any, ...]
    at: float
    """The loop's time of the edit."""


class Cards:
    """An observer of jobs. What is news is shown as soon as the card may be edited again; a number that has moved
    (percent, time left, place in line) only while nothing else in the channel waits to be shown."""

    name = "reply"
    """Of the report that a card shows its job's end."""

    def __init__(
        self,
        client: discord.Client,
        store: JobStore,
        overview: Overview,
        clock: Callable[[], datetime],
        every_s: float = EVERY_S,
    ) -> None:
        self._messages = CardMessages(client, store, clock)
        self._store = store
        self._overview = overview
        self._clock = clock
        self._every_s = every_s
        self._shown: dict[str, _Shown] = {}
        self._refused: dict[str, tuple[Any, ...]] = {}
        """Jobs whose card Discord did not take, and what the news was then: only other news is worth a new try."""
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._cards: Projection[str, Job] = Projection("card", self._show, newest_only=True)

    def notice(self, job: Job) -> None:
        if job.route.cards and job.origin.is_message and self._refused.get(job.id) != _news(job):
            self._cards.push(job.id, job)

    async def refresh(self, job_ids: Iterable[str]) -> None:
        """Look again at jobs around which something has moved: their place in line."""
        for job_id in job_ids:
            if job := await self._store.find(job_id):
                self.notice(job)

    async def drain(self) -> None:
        await self._cards.drain()

    async def aclose(self) -> None:
        await self._cards.aclose()

    async def _show(self, job_id: str, noticed: Job) -> None:
        """Make the card match the ledger, which may know more than what was noticed."""
        drawn = await self._draw(job_id)
        shown = self._shown.get(job_id)
        if shown is None or drawn.look != shown.look:
            turn = self._turns.setdefault(noticed.origin.channel_id, asyncio.Lock())
            if shown:
                await self._pause(noticed, shown, turn)
            async with turn:
                drawn = await self._draw(job_id)
                if shown is None or drawn.look != shown.look:
                    await self._send(drawn)
        if drawn.job.has_ended:
            asyncio.get_running_loop().call_later(self._every_s, self._forget, job_id, self._shown.get(job_id))
            await self._store.keep_report(job_id, self.name)

    async def _draw(self, job_id: str) -> _Drawn:
        job = await self._store.get(job_id)
        return _Drawn(job, card(job, await self._overview.forecast(job)), buttons(job))

    async def _send(self, drawn: _Drawn) -> None:
        """Show a card; note what Discord refuses, such as one for a channel where the bot may not post."""
        job = drawn.job
        self._refused.pop(job.id, None)
        try:
            was_there = await self._messages.show(job, drawn.embed, drawn.view)
        except PermanentError:
            self._shown.pop(job.id, None)
            if not job.has_ended:
                self._refused[job.id] = _news(job)
            raise
        at = asyncio.get_running_loop().time() if was_there else 0.0
        self._shown[job.id] = _Shown(drawn.look, _news(job), at)

    def _forget(self, job_id: str, shown: _Shown | None) -> None:
        """Keep nothing of a job that has ended, unless it was taken up again meanwhile."""
        if self._shown.get(job_id) is shown:
            self._shown.pop(job_id, None)

    async def _pause(self, job: Job, shown: _Shown, turn: asyncio.Lock) -> None:
        """Return when the card may be edited."""
        while True:
            job = await self._store.find(job.id) or job
            is_news = _news(job) != shown.news
            age_s = 0 if is_news else (self._clock() - job.in_line_since).total_seconds()
            rest_s = shown.at + max(self._every_s, age_s / _SLOWER) - asyncio.get_running_loop().time()
            if rest_s <= 0 and (is_news or not turn.locked()):
                return
            await asyncio.sleep(min(rest_s, self._every_s) if rest_s > 0 else self._every_s)


def _news(job: Job) -> tuple[Any, ...]:
    return job.status, job.stage, job.attempts, job.error
