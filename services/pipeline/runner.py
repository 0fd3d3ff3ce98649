"""One job through its stages. Order only: doing is the stages' business, telling the observers'."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.errors import AuditscribeError
from services.jobs.job import Job
from services.jobs.observer import Observer
from services.media import Progress
from services.pipeline.stage import StageStep
from services.store import JobStore

log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 1.0
"""How often a stage's progress is recorded."""


@dataclass(frozen=True, slots=True)
class JobRunner:
    """`work` holds one folder a job, gone when the job has ended."""

    store: JobStore
    observers: Sequence[Observer]
    work: Path
    clock: Callable[[], datetime]

    async def run(self, job: Job, stages: Sequence[StageStep]) -> Job:
        """Return the job as it ended. Finished stages do not run again."""
        workdir = self.work / job.id
        try:
            await asyncio.to_thread(workdir.mkdir, parents=True, exist_ok=True)
            for stage in stages:
                if stage.is_done(job.artifacts):
                    continue
                job = await self.record(job.entering(stage.name, self.clock()))
                job = await self._through(job, stage, workdir)
            job = job.succeeded(self.clock())
        except Exception as error:  # noqa: BLE001 (the job's boundary: it fails, the worker goes on)
            job = job.failed(_reason(job, error), self.clock())
        await asyncio.to_thread(shutil.rmtree, workdir, ignore_errors=True)
        return await self.record(job)

    async def record(self, job: Job) -> Job:
        """Write the job into the ledger, and let everyone know."""
        await self.store.save(job)
        log.info("%s: %s %s", job.id, job.status, job.stage or "")
        for observer in self.observers:
            observer.notice(job)
        return job

    async def _through(self, job: Job, stage: StageStep, workdir: Path) -> Job:
        async with self._progress_of(job) as progress:
            artifacts = await stage.run(job, workdir, progress)
        job = job.holding(artifacts, self.clock())
        await self.store.save(job)
        return job

    @asynccontextmanager
    async def _progress_of(self, job: Job) -> AsyncIterator[Progress]:
        """Record what the stage tells of its progress, now and then."""
        told: list[float] = [0.0]

        async def record() -> None:
            recorded = 0.0
            while True:
                await asyncio.sleep(PROGRESS_EVERY_S)
                if told[0] != recorded:
                    recorded = told[0]
                    await self.record(job.progressed(recorded))

        recording = asyncio.create_task(record())
        try:
            yield lambda fraction: told.__setitem__(0, fraction)
        finally:
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)


def _reason(job: Job, error: Exception) -> str:
    if isinstance(error, AuditscribeError):
        log.warning("%s: failed in %s: %s", job.id, job.stage, error)
        return str(error)
    log.error("%s: failed in %s", job.id, job.stage, exc_info=error)
    return "something unexpected happened inside the bot; its log tells what."
