"""The queue of a Postgres ledger: the bot decides who stands in line, any number of processes run what stands there."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from procrastinate.exceptions import ConnectorException

from services.jobs.job import Job, JobStatus, Place
from services.jobs.observer import Observer
from services.ledger_file import LedgerError
from services.queue.crew import Crew
from services.queue.desk import Desk
from services.queue.entries import Entries, Entry
from services.queue.protocol import Cancel, Run
from services.recorder import Recorder
from services.store import TakenOverError

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 30.0
"""How often jobs are looked for that stand nowhere, because a process died in the very moment."""
_AGAIN_S = 2.0
_AT_ONCE = 500


class PostgresQueue(Desk):
    """The bot's end of it. `crew` is there where the bot itself runs jobs, too.

    `followers` are told of the jobs that others run; whoever runs one tells its page, and it is disowned here.
    """

    def __init__(
        self,
        recorder: Recorder,
        entries: Entries,
        crew: Crew | None,
        *,
        name: str,
        clock: Callable[[], datetime],
        probe_s: float,
        followers: Sequence[Observer],
        disown: Callable[[Job], None],
    ) -> None:
        super().__init__(recorder, clock=clock, probe_s=probe_s)
        self._entries = entries
        self._crew = crew
        self._holder = name
        self._canceller = f"{name}-cancels"
        """A holder that runs nothing: not even the bot's own crew may write the job any more."""
        self._followers = [*followers, self]
        self._disown = disown
        self._coming: asyncio.Queue[tuple[str, bool]] = asyncio.Queue()

    async def restore(self) -> list[Job]:
        """Take up and return what the ledger holds unfinished, but leave what others are at."""
        unfinished = await self._store.unfinished()
        for job in unfinished:
            if job.status is JobStatus.RUNNING:
                self._tell_followers(job)
            else:
                self._recorder.tell(job)
            if job.status is JobStatus.QUEUED:
                await self._place(job)
        return unfinished

    async def serve(self, run: Run, cancel: Cancel) -> None:
        """Let jobs stand in line, and run them where the bot has a crew, until cancelled."""
        self._cancel = cancel
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._usher())
                group.create_task(self._look_after())
                if self._crew:
                    group.create_task(self._crew.serve(run))
        finally:
            await self._end_beside()

    async def cancel(self, job_id: str, by: str) -> bool:
        """End a job, wherever it is: whoever runs it loses it. False: it has ended already.

        Raises:
            KeyError: the ledger has no such job.
        """
        async with self._placing:  # or one that is just being placed would stand in line after all
            while True:
                if self._crew:
                    await self._crew.let_go(job_id)
                job = await self._store.take(job_id, self._canceller, lambda job: None if job.has_ended else job)
                with suppress(TakenOverError):  # somebody has begun it in this very moment
                    if job:
                        await self._cancel(job, by)
                    return job is not None

    def hear(self, job: Job) -> None:
        """Take note of what another process has recorded."""
        if self._crew:
            self._crew.hear(job)
        self._disown(job)
        self._tell_followers(job)

    def _tell_followers(self, job: Job) -> None:
        for follower in self._followers:
            follower.notice(job)

    def _stand(self, place: Place) -> None:
        *_, job_id = place
        self._coming.put_nowait((job_id, False))

    def _begin(self, job_id: str) -> None:
        self._coming.put_nowait((job_id, True))

    async def _place(self, job: Job) -> None:
        with suppress(TakenOverError):  # it runs by now
            await super()._place(job)

    async def _usher(self) -> None:
        """Let those who come stand in line: in the order of their turns, and within a turn of their coming."""
        while True:
            coming = dict([await self._coming.get()])
            while len(coming) < _AT_ONCE and not self._coming.empty():
                coming.update([self._coming.get_nowait()])
            while not await self._enter(coming):  # noqa: ASYNC110 (the database tells nobody when it is back)
                await asyncio.sleep(_AGAIN_S)

    async def _enter(self, coming: dict[str, bool]) -> bool:
        """Return whether that was possible."""
        try:
            jobs = [job for job_id in coming if (job := await self._store.find(job_id)) and not job.has_ended]
            await self._entries.add([Entry(job.id, len(job.stage_runs), job.turn, coming[job.id]) for job in jobs])
        except (ConnectorException, LedgerError) as error:
            log.warning("queue: the database cannot be reached: %s", error)
            return False
        return True

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            with suppress(ConnectorException, LedgerError):
                for job in _standing(await self._store.unfinished(), await self._entries.all()):
                    if job.status is JobStatus.QUEUED:
                        await self._place(job)
                    else:
                        self._stand(job.place)


def _standing(unfinished: Iterable[Job], entered: Iterable[str]) -> Iterable[Job]:
    """Yield the jobs that ought to stand in line or to be run, and are not."""
    known = set(entered)
    for job in unfinished:
        if job.id not in known and job.repost_of is None and job.status in (JobStatus.QUEUED, JobStatus.RUNNING):
            yield job
