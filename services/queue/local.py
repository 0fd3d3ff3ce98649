"""The asyncio pool: N workers in the bot's own process, over a SQLite ledger."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from services.jobs.job import Job
from services.jobs.observer import Observer
from services.store import JobStore


class LocalQueue:
    """Jobs in the order of their posting. Each is in the ledger before it waits here."""

    def __init__(self, store: JobStore, observers: Sequence[Observer], workers: int) -> None:
        self._store = store
        self._observers = observers
        self._workers = workers
        self._waiting: asyncio.Queue[str] = asyncio.Queue()

    async def submit(self, jobs: Iterable[Job]) -> list[Job]:
        """Take the jobs of one message. Returns those that the ledger did not have yet."""
        new = [job for job in jobs if await self._store.add(job)]
        for job in new:
            for observer in self._observers:
                observer.notice(job)
        for job in new:
            self._waiting.put_nowait(job.id)
        return new

    async def restore(self) -> None:
        """Take up what the ledger holds unfinished. To be awaited before anything is submitted."""
        for job in await self._store.unfinished():
            self._waiting.put_nowait(job.id)

    async def serve(self, run: Callable[[Job], Awaitable[Job]]) -> None:
        """Run jobs until cancelled."""
        async with asyncio.TaskGroup() as pool:
            for number in range(self._workers):
                pool.create_task(self._work(run), name=f"worker {number}")

    async def _work(self, run: Callable[[Job], Awaitable[Job]]) -> None:
        while True:
            await run(await self._store.get(await self._waiting.get()))
