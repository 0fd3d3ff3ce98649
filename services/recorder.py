"""Writes what became of a job into the ledger, then lets everyone know."""

import logging
from collections.abc import Sequence

from services.jobs.job import Job
from services.jobs.observer import Observer
from services.store import JobStore

log = logging.getLogger(__name__)


class Recorder:
    """The only one who tells observers of jobs, and never before the ledger has them."""

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
            self._tell(job)
        return added

    async def record(self, job: Job) -> Job:
        """Record the new state of a known job, and return it."""
        await self.store.save(job)
        self._tell(job)
        return job

    def _tell(self, job: Job) -> None:
        log.debug("%s: %s %s %s", job.id, job.status, job.stage or "", job.progress or "")
        for observer in self._observers:
            observer.notice(job)
