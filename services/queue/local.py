"""The asyncio pool: N workers in the bot's own process, over a SQLite ledger."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from services.jobs.job import Job, JobStatus, Place
from services.queue.desk import Desk
from services.queue.protocol import Cancel, Run
from services.recorder import Recorder


class LocalQueue(Desk):
    """Jobs in the order of their places."""

    def __init__(self, recorder: Recorder, *, workers: int, clock: Callable[[], datetime], probe_s: float = 60) -> None:
        super().__init__(recorder, clock=clock, probe_s=probe_s)
        self._workers = workers
        self._ready: asyncio.PriorityQueue[Place] = asyncio.PriorityQueue()
        self._running: dict[str, asyncio.Task[Job]] = {}
        self._cancelled: dict[str, str] = {}
        self._serving = asyncio.Event()

    async def restore(self) -> list[Job]:
        """Take up and return what the ledger holds unfinished. To be awaited before anything is submitted."""
        unfinished = await self._store.unfinished()
        for job in unfinished:
            restored = job.interrupted(self._clock())
            if restored == job:
                self._recorder.tell(job)
            else:
                await self._recorder.record(restored)
            if restored.status is JobStatus.QUEUED:
                await self._place(restored)
        return unfinished

    async def serve(self, run: Run, cancel: Cancel) -> None:
        """Run jobs until cancelled; `cancel` records the end of one that somebody cancelled."""
        self._run, self._cancel = run, cancel
        self._serving.set()
        try:
            async with asyncio.TaskGroup() as pool:
                for number in range(self._workers):
                    pool.create_task(self._work(), name=f"worker {number}")
        finally:
            await self._end_beside()

    async def cancel(self, job_id: str, by: str) -> bool:
        """End a job, waiting or running. False: it has ended already.

        Raises:
            KeyError: the ledger has no such job.
        """
        self._cancelled[job_id] = by
        if task := self._running.get(job_id):
            task.cancel()
            return True
        try:
            async with self._placing:  # or one that is just being placed would stand in line after all
                job = await self._store.get(job_id)
                if not job.has_ended:
                    await self._cancel(job, by)
            return not job.has_ended
        finally:
            self._cancelled.pop(job_id, None)  # of two who cancel at once, one has been here

    def _stand(self, place: Place) -> None:
        self._ready.put_nowait(place)

    def _begin(self, job_id: str) -> None:
        self._start(self._attend(job_id))

    async def _work(self) -> None:
        while True:
            *_, job_id = await self._ready.get()
            await self._attend(job_id)

    async def _attend(self, job_id: str) -> None:
        """Run a job, unless it has ended, waits, runs or was cancelled since it stood in line."""
        await self._serving.wait()
        job = await self._store.get(job_id)
        if running := self._running.get(job_id):
            self._start(self._place_after(job_id, running))
            return
        if job.has_ended or job_id in self._cancelled or job_id in self._postponed:
            return
        task = self._running[job_id] = asyncio.create_task(self._run(job), name=job_id)
        try:
            await task
        except asyncio.CancelledError:
            if job_id in self._cancelled:
                job = await self._store.get(job_id)
                if not job.has_ended:  # it may just have come to its own end
                    await self._cancel(job, self._cancelled[job_id])
            if job_id not in self._cancelled or _is_stopping():
                raise
        finally:
            del self._running[job_id]
            self._cancelled.pop(job_id, None)

    async def _place_after(self, job_id: str, running: asyncio.Task[Job]) -> None:
        """Let a job stand in line once more if it was taken up again just as it ended."""
        await asyncio.wait({running})
        job = await self._store.get(job_id)
        if job.status is JobStatus.QUEUED:
            self._ready.put_nowait(job.place)


def _is_stopping() -> bool:
    """Whether the worker itself was cancelled, not only the job that it runs."""
    worker = asyncio.current_task()
    return worker is not None and worker.cancelling() > 0
