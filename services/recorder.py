"""Writes what became of a job into the ledger, then lets everyone know."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from services.jobs.job import Job
from services.jobs.observer import Observer
from services.ledger_file import LedgerError
from services.store import JobStore

log = logging.getLogger(__name__)

PATIENCE_S = 5.0
"""Between two tries to write into a ledger that takes nothing."""


class Recorder:
    """The only one who tells observers of jobs, and never before the ledger has them.

    It waits for a ledger that takes nothing, such as one on a full disk: work that is done must not be lost.
    """

    def __init__(self, store: JobStore, observers: Sequence[Observer] = ()) -> None:
        self.store = store
        self._observers = list(observers)

    def tell_also(self, observer: Observer) -> None:
        """Tell one more observer from now on."""
        self._observers.append(observer)

    async def add(self, job: Job) -> bool:
        """Record a new job; False, and nobody is told, if the ledger has it already."""
        added = await self.store.add(job)
        if added:
            self.tell(job)
        return added

    async def record(self, job: Job) -> Job:
        """Record the new state of a known job, and return it."""
        await self.keep(job)
        self.tell(job)
        return job

    async def reopen(self, job: Job) -> Job:
        """Record that an ended job is on its way again, and return it."""
        await self._patiently(self.store.reopen, job)
        self.tell(job)
        return job

    async def keep(self, job: Job) -> None:
        """Record a job's new artifacts, which nobody needs to be told of."""
        await self._patiently(self.store.save, job)

    def tell(self, job: Job) -> None:
        """Let everyone know a job as the ledger has it."""
        log.debug("%s: %s %s %s", job.id, job.status, job.stage or "", job.progress or "")
        for observer in self._observers:
            observer.notice(job)

    async def _patiently(self, write: Callable[[Job], Awaitable[None]], job: Job) -> None:
        while True:
            try:
                return await write(job)
            except LedgerError as error:
                log.error("%s: %s", job.id, error)  # noqa: TRY400 (it is said each time; the traceback tells no more)
                await asyncio.sleep(PATIENCE_S)
