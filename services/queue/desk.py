"""Who stands in line, who waits for what, who shares another's work: the same for every queue."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime

from config.notion_config import ChannelRoute
from services.jobs.job import ENDED, STOPPED, Job, JobStatus, Place, Stage
from services.queue.lanes import Lanes
from services.queue.turns import next_turn
from services.recorder import Recorder


class Desk(ABC):
    """Part of a `JobQueue`, in which posters take turns. Each job is in the ledger before it stands in line.

    It observes the jobs itself: one that waits is tried again in time, and with a job that ends its reposts end.
    """

    _holder: str | None = None
    """Who holds a job that is taken up again, where several processes write the ledger."""

    def __init__(self, recorder: Recorder, *, clock: Callable[[], datetime], probe_s: float) -> None:
        self._recorder = recorder
        self._store = recorder.store
        self._clock = clock
        self._postponed: dict[str, tuple[Stage | None, Place, asyncio.TimerHandle]] = {}
        self._woken: set[str] = set()
        self._lanes = Lanes(self._stand, probe_s)
        self._beside: set[asyncio.Task[None]] = set()
        self._joining = asyncio.Lock()
        self._placing = asyncio.Lock()

    @abstractmethod
    def _stand(self, place: Place) -> None:
        """Let a job stand in line, at its place."""

    @abstractmethod
    def _begin(self, job_id: str) -> None:
        """Run a job before all that stand in line."""

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
                self._stand(place)

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
        self._stand(place)

    async def _take_up(self, job_id: str, ends: Collection[JobStatus], renewed: Callable[[Job, datetime], Job]) -> bool:
        async with self._placing:  # of two who ask at once, one is too late
            job = await self._store.get(job_id)
            if job.status not in ends:
                return False
            job = await self._with_turn(replace(renewed(job, self._clock()), holder=self._holder))
            await self._recorder.reopen(job)
        await self._place(job)
        return True

    async def _with_turn(self, job: Job) -> Job:
        return replace(job, turn=await next_turn(self._store, job.origin.author_id))

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
            self._stand(placed.place)
        elif first.has_ended:
            self._begin(job.id)  # its page is left to do, and no more

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

    async def _end_beside(self) -> None:
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)


def _wait_s(job: Job, now: datetime) -> float:
    """Return the seconds until a job's next try: after a restart what is left, though never more than was asked for."""
    until = job.not_before or now
    asked_at = max((run.ended_at for run in job.stage_runs if run.ended_at), default=now)
    return max(min(until - now, until - asked_at).total_seconds(), 0)
