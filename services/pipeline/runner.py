"""One job through its stages. Order only: doing is the stages' business, deciding RetryPolicy's."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.clients.disk import named_full_disk
from services.errors import AuditscribeError, TransientError
from services.jobs.eta import last_rate
from services.jobs.job import Job
from services.jobs.retry import RetryPolicy
from services.media import Progress
from services.pipeline.stage import StageStep
from services.recorder import Recorder
from services.store import LedgerError

log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 1.0
"""How often a stage's progress is recorded."""


@dataclass(frozen=True, slots=True)
class JobRunner:
    """`work` holds one folder a job, which is gone when the job has ended. One try of a job may take `time_limit_s`."""

    recorder: Recorder
    retry: RetryPolicy
    work: Path
    clock: Callable[[], datetime]
    time_limit_s: float

    async def run(self, job: Job, stages: Sequence[StageStep]) -> Job:
        """Return the job as it ended, or as it waits for another try. Finished stages do not run again."""
        workdir = self.work / job.id
        limit = asyncio.timeout(self.time_limit_s)
        try:
            async with limit:
                with named_full_disk():
                    await asyncio.to_thread(workdir.mkdir, parents=True, exist_ok=True)
                for stage in stages:
                    if job.artifacts.page_url or stage.is_done(job.artifacts):  # its page is complete: nothing is left
                        continue
                    job = await self.recorder.record(job.entering(stage.name, self.clock()))
                    log.info("%s: %s (try %d): %s", job.id, stage.name, job.attempts, job.title)
                    job = await self._through(job, stage, workdir)
            job = job.succeeded(self.clock())
        except Exception as error:  # noqa: BLE001 (the job's boundary: it fails, the worker goes on)
            cause = TransientError(f"Task {job.id} exceeded time limit") if limit.expired() else error
            job = self.retry.after_failure(job, cause, self.clock())
            _log_failure(job, cause)
        return await self._ended(job)

    async def cancel(self, job: Job, by: str) -> Job:
        """End a job that does not run, or no longer."""
        return await self._ended(job.cancelled(by, self.clock()))

    async def sweep(self, unfinished: Collection[str]) -> None:
        """Remove the folders of all jobs but these, which a killed process left behind."""
        folders = await asyncio.to_thread(lambda: list(self.work.iterdir()) if self.work.is_dir() else [])
        for folder in folders:
            if folder.name not in unfinished:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _ended(self, job: Job) -> Job:
        if job.has_ended:
            await asyncio.to_thread(shutil.rmtree, self.work / job.id, ignore_errors=True)
            log.info("%s: %s", job.id, job.status)
        return await self.recorder.record(job)

    async def _through(self, job: Job, stage: StageStep, workdir: Path) -> Job:
        async with self._progress_of(job) as progress:
            artifacts = await stage.run(job, workdir, progress)
        job = job.holding(artifacts, self.clock())
        await self.recorder.keep(job)
        await self._keep_rate(job)
        return job

    async def _keep_rate(self, job: Job) -> None:
        if rate := last_rate(job):
            with suppress(LedgerError):  # an estimate is not worth waiting for
                await self.recorder.store.keep_rate(rate)

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
                    await self.recorder.record(job.progressed(recorded))

        recording = asyncio.create_task(record())
        try:
            yield lambda fraction: told.__setitem__(0, fraction)
        finally:
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)


def _log_failure(job: Job, error: Exception) -> None:
    if isinstance(error, AuditscribeError):
        log.warning("%s: %s in %s: %s", job.id, job.status, job.stage, error)
    else:
        log.error("%s: %s in %s", job.id, job.status, job.stage, exc_info=error)
