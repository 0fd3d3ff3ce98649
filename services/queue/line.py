"""Lets those who show a place in line know when the line has moved."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence

from services.jobs.job import Job
from services.overview import Overview

log = logging.getLogger(__name__)

Refresh = Callable[[Iterable[str]], Awaitable[None]]
_SHOWN = 10
"""Jobs at the head of the line whose place is kept up to date; what comes behind them moves too often to be told."""
_SETTLES_S = 1.0


class LineWatch:
    """An observer. `listeners` are given the ids of the jobs at the head."""

    def __init__(self, overview: Overview, listeners: Sequence[Refresh], settles_s: float = _SETTLES_S) -> None:
        self._overview = overview
        self._listeners = listeners
        self._settles_s = settles_s
        self._telling: asyncio.Task[None] | None = None
        self._has_moved = False

    def notice(self, job: Job) -> None:
        if job.progress is not None:
            return
        self._has_moved = True
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell(), name="line")

    async def aclose(self) -> None:
        if self._telling:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def _tell(self) -> None:
        while self._has_moved:
            await asyncio.sleep(self._settles_s)
            self._has_moved = False
            try:
                first = await self._overview.first_in_line(_SHOWN)
                for listener in self._listeners:
                    await listener(first)
            except Exception:  # the observer's boundary: a place that is not shown never ends the work
                log.exception("line: its move could not be told")
