"""One job through its stages. Order only: doing is the stages' business, deciding RetryPolicy's."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.clients.disk import named_full_disk
from services.errors import AuditscribeError, TransientError
from services.jobs.job import Job
from services.jobs.retry import RetryPolicy
from services.pipeline.course import Course
from services.pipeline.stage import StageStep
from services.pipeline.streaming import Streaming
from services.recorder import Recorder
from services.store import TakenOverError

log = logging.getLogger(__name__)

Step = StageStep | Streaming


@dataclass(frozen=True, slots=True)
class JobRunner:
    """`work` holds one folder a job, which is gone when the job has ended. One try of a job may take `time_limit_s`."""

    recorder: Recorder
    retry: RetryPolicy
    work: Path
    clock: Callable[[], datetime]
    time_limit_s: float

    async def run(self, job: Job, steps: Sequence[Step]) -> Job:
        """Return the job as it ended, or as it waits for another try. Finished stages do not run again."""
        workdir = self.work / job.id
        course = Course(job, self.recorder, self.clock)
        limit = asyncio.timeout(self.time_limit_s)
        try:
            async with limit:
                with named_full_disk():
                    await asyncio.to_thread(workdir.mkdir, parents=True, exist_ok=True)
                for step in steps:
                    artifacts = course.job.artifacts
                    if artifacts.page_url or step.is_done(artifacts):  # its page is complete: nothing is left
                        continue
                    if isinstance(step, Streaming):
                        await step.take(course, workdir)
                    else:
                        await course.take(step, workdir)
            job = course.job.succeeded(self.clock())
        except TakenOverError:  # by now it is another process's business, the folder too
            raise
        except Exception as error:  # noqa: BLE001 (the job's boundary: it fails, the worker goes on)
            cause = TransientError(f"Task {job.id} exceeded time limit") if limit.expired() else error
            job = self.retry.after_failure(course.job, cause, self.clock())
            _log_failure(job, cause)
        return await self._ended(job)

    async def cancel(self, job: Job, by: str) -> Job:
        """End a job that does not run, or no longer."""
        return await self._ended(job.cancelled(by, self.clock()))

    async def clear(self, job: Job) -> None:
        """Remove what a job has left on this disk."""
        await asyncio.to_thread(shutil.rmtree, self.work / job.id, ignore_errors=True)

    async def sweep(self) -> None:
        """Remove the folders of jobs that are not on their way, which a killed process left behind."""
        folders = await asyncio.to_thread(lambda: list(self.work.iterdir()) if self.work.is_dir() else [])
        for folder in folders:
            job = await self.recorder.store.find(folder.name)
            if job is None or job.has_ended:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _ended(self, job: Job) -> Job:
        if job.has_ended:
            await self.clear(job)
            log.info("%s: %s", job.id, job.status)
        return await self.recorder.record(job)


def _log_failure(job: Job, error: Exception) -> None:
    if isinstance(error, AuditscribeError):
        log.warning("%s: %s in %s: %s", job.id, job.status, job.stage, error)
    else:
        log.error("%s: %s in %s", job.id, job.status, job.stage, exc_info=error)
