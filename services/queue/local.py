"""The asyncio pool: N workers in the bot's own process, over a SQLite ledger."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from config.notion_config import ChannelRoute
from services.jobs.job import ENDED, STOPPED, Job, JobStatus, Place, Stage
from services.queue.lanes import Lanes
from services.queue.turns import next_turn
from services.recorder import Recorder

Run = Callable[[Job], Coroutine[Any, Any, Job]]
Cancel = Callable[[Job, str], Awaitable[Job]]


class LocalQueue:
    """Jobs in the order of their places: the posters take turns. Each is in the ledger before it waits here.

    It observes the jobs itself: one that waits is tried again in time, and with a job that ends its reposts end.
    """

    def __init__(self, recorder: Recorder, *, workers: int, clock: Callable[[], datetime], probe_s: float = 60) -> None:
        self._recorder = recorder
        self._store = recorder.store
        self._workers = workers
        self._clock = clock
        self._ready: asyncio.PriorityQueue[Place] = asyncio.PriorityQueue()
        self._running: dict[str, asyncio.Task[Job]] = {}
        self._cancelled: dict[str, str] = {}
        self._postponed: dict[str, tuple[Stage | None, Place, asyncio.TimerHandle]] = {}
        self._woken: set[str] = set()
        self._lanes = Lanes(self._ready.put_nowait, probe_s)
        self._beside: set[asyncio.Task[None]] = set()
        self._joining = asyncio.Lock()
        self._placing = asyncio.Lock()
        self._serving = asyncio.Event()

    async def submit(self, jobs: Iterable[Job]) -> list[Job]:
        """Take the jobs of one message. Returns those that the ledger did not have yet."""
        new: list[Job] = []
        async with self._joining:  # of a poster's jobs that come at once, each has a turn of its own
            for job in jobs:
                with_turn = await self._with_turn(job)
                if await self._recorder.add(with_turn):
                    new.append(with_turn)
        for job in new:
            await self._place(job)
        return new

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
            for task in self._beside:
                task.cancel()
            await asyncio.gather(*self._beside, return_exceptions=True)

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

    async def retry(self, job_id: str, route: ChannelRoute | None = None) -> bool:
        """Go on with a job that failed or was cancelled, on another route if need be. False: it did not end so.

        Raises:
            KeyError: the ledger has no such job.
        """

        def renewed(job: Job, at: datetime) -> Job:
            return replace(job.retried(at), route=route or job.route)

        return await self._take_up(job_id, STOPPED, renewed)

    async def reprocess(self, job_id: str) -> bool:
        """Do an ended job anew, from the very start. False: it has not ended.

        Raises:
            KeyError: the ledger has no such job.
        """
        return await self._take_up(job_id, ENDED, Job.redone)

    def wake(self, stage: Stage) -> None:
        """Try the postponed jobs of a stage now: what they wait for is known to be back. Once for each of them."""
        for job_id, (waits_in, place, timer) in list(self._postponed.items()):
            if waits_in is stage and job_id not in self._woken:
                self._woken.add(job_id)
                self._postponed.pop(job_id)
                timer.cancel()
                self._ready.put_nowait(place)

    def notice(self, job: Job) -> None:
        self._lanes.notice(job)
        if job.id in self._postponed:  # it runs, or waits for another moment
            self._postponed.pop(job.id)[-1].cancel()
        if job.status is JobStatus.WAITING and job.not_before:
            timer = asyncio.get_running_loop().call_later(_wait_s(job, self._clock()), self._due, job.id)
            self._postponed[job.id] = (job.stage, job.place, timer)
        if job.has_ended:
            self._woken.discard(job.id)
        if job.has_ended and not job.repost_of:
            self._start(self._end_reposts(job))

    def _due(self, job_id: str) -> None:
        _, place, _ = self._postponed.pop(job_id)
        self._ready.put_nowait(place)

    async def _take_up(self, job_id: str, ends: Collection[JobStatus], renewed: Callable[[Job, datetime], Job]) -> bool:
        async with self._placing:  # of two who ask at once, one is too late
            job = await self._store.get(job_id)
            if job.status not in ends:
                return False
            job = await self._recorder.reopen(await self._with_turn(renewed(job, self._clock())))
        await self._place(job)
        return True

    async def _with_turn(self, job: Job) -> Job:
        return replace(job, turn=await next_turn(self._store, job.origin.author_id))

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

    async def _place(self, job: Job) -> None:
        """Let a job stand in line; a repost instead shares what the first post's job has made, or waits for its end."""
        async with self._placing:
            job = await self._store.get(job.id)
            if job.has_ended:  # somebody cancelled it meanwhile
                return
            first = None if job.is_anew else await self._store.find_first(job)
            if first is None or not first.has_ended:
                placed = replace(job, repost_of=first.id if first else None)
            else:
                placed = job.sharing(await self._store.get(first.id))
            if placed != job:
                await self._recorder.keep(placed)
        if first is None:
            self._ready.put_nowait(placed.place)
        elif first.has_ended:
            self._start(self._attend(job.id))  # at once: its page is left to do, and no more

    async def _place_after(self, job_id: str, running: asyncio.Task[Job]) -> None:
        """Let a job stand in line once more if it was taken up again just as it ended."""
        await asyncio.wait({running})
        job = await self._store.get(job_id)
        if job.status is JobStatus.QUEUED:
            self._ready.put_nowait(job.place)

    async def _end_reposts(self, first: Job) -> None:
        async with self._placing:  # or one that is just being placed would be overlooked
            reposts = await self._store.reposts_of(first)
        for job in reposts:
            if first.status is JobStatus.FAILED:
                await self._fail(job.id, first)
            else:
                await self._place(job)

    async def _fail(self, job_id: str, first: Job) -> None:
        """Let a repost end as the job that did its work."""
        async with self._placing:
            job = await self._store.get(job_id)
            if not job.has_ended:
                why, for_good = first.error or "", first.failed_for_good
                await self._recorder.record(job.failed(why, self._clock(), for_good=for_good))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)


def _wait_s(job: Job, now: datetime) -> float:
    """Return the seconds until a job's next try: after a restart what is left, though never more than was asked for."""
    until = job.not_before or now
    asked_at = max((run.ended_at for run in job.stage_runs if run.ended_at), default=now)
    return max(min(until - now, until - asked_at).total_seconds(), 0)


def _is_stopping() -> bool:
    """Whether the worker itself was cancelled, not only the job that it runs."""
    worker = asyncio.current_task()
    return worker is not None and worker.cancelling() > 0
