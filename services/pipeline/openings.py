"""Who may open a page now: jobs whose work has begun at once, those that wait one after the other."""

import heapq
from asyncio import Event
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.jobs.job import Job, Place


class Openings:
    """Keeps the pages of a flood from holding up the work: both share the few requests a second that Notion takes."""

    def __init__(self) -> None:
        self._line: list[Place] = []
        self._turns: dict[str, Event] = {}
        self._first: str | None = None
        """The waiting job that has the turn."""

    @asynccontextmanager
    async def turn(self, job: Job) -> AsyncIterator[None]:
        """Wait until all who are earlier in line have had their turns, or until the job's work has begun (`hurry`)."""
        turn = self._turns[job.id] = Event()
        heapq.heappush(self._line, job.place)
        self._call_next()
        try:
            await turn.wait()
            yield
        finally:
            del self._turns[job.id]
            if self._first == job.id:
                self._first = None
            self._call_next()

    def hurry(self, job_id: str) -> None:
        """Let a job wait no longer."""
        if turn := self._turns.get(job_id):
            turn.set()

    def _call_next(self) -> None:
        while self._first is None and self._line:
            *_, job_id = heapq.heappop(self._line)
            if job_id in self._turns and not self._turns[job_id].is_set():
                self._first = job_id
                self._turns[job_id].set()
