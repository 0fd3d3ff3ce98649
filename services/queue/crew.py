"""Runs jobs of the common line in this process, for as long as nobody takes them away."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from procrastinate.exceptions import ConnectorException

from services.jobs.job import Job, JobStatus
from services.queue.entries import Entries
from services.queue.protocol import Run
from services.store import JobStore, TakenOverError

log = logging.getLogger(__name__)


class Crew:
    """`workers` jobs at once. A process that has given no sign of life for `silent_s` is taken for dead.

    `clear` removes what a job has left on this disk, `disown` what is remembered of it, when another process had it
    since.
    """

    def __init__(
        self,
        entries: Entries,
        store: JobStore,
        *,
        name: str,
        workers: int,
        silent_s: float,
        clock: Callable[[], datetime],
        clear: Callable[[Job], Coroutine[Any, Any, None]],
        disown: Callable[[Job], None],
    ) -> None:
        self._entries = entries
        self._store = store
        self._name = name
        self._workers = workers
        self._silent_s = silent_s
        self._clock = clock
        self._clear = clear
        self._disown = disown
        self._running: dict[str, asyncio.Task[Job]] = {}
        self._lost: set[str] = set()
        self._left: set[str] = set()
        """Jobs that others have by now, and that may have left something on this disk."""
        self._clearing: set[asyncio.Task[None]] = set()

    async def serve(self, run: Run) -> None:
        """Run jobs until cancelled; those that are not done by then are for others to go on with."""
        self._run = run
        async with asyncio.TaskGroup() as group:
            group.create_task(
                self._entries.serve(self._attend, name=self._name, at_once=self._workers, silent_s=self._silent_s)
            )
            group.create_task(self._watch())

    def hear(self, job: Job) -> None:
        """Let go of a job that another process has by now; once that is done with it, nothing of it is kept here."""
        self._clear_after(job)
        if job.id in self._running and job.holder != self._name:
            self._lost.add(job.id)
            self._running[job.id].cancel()

    async def let_go(self, job_id: str) -> None:
        """End the run of a job, if this process is at it; its last words are recorded by then."""
        if task := self._running.get(job_id):
            self._lost.add(job_id)
            task.cancel()
            await asyncio.wait({task})

    async def _watch(self) -> None:
        while True:
            try:
                await self._entries.take_over(self._silent_s)
            except ConnectorException as error:
                log.warning("queue: the database cannot be reached: %s", error)
            await asyncio.sleep(self._silent_s / 3)

    async def _attend(self, job_id: str, runs: int) -> None:
        """Run a job, unless it has moved on since it stood in line."""
        await self.let_go(job_id)  # this process may have been taken for dead, and has it again

        def taken(job: Job) -> Job | None:
            if job.holder != self._name:
                self._disown(job)
            return job.interrupted(self._clock()) if _is_due(job, runs) else None

        job = await self._store.take(job_id, self._name, taken)
        if job is None:
            return
        self._lost.discard(job_id)
        self._left.discard(job_id)
        task = self._running[job_id] = asyncio.create_task(self._run(job), name=job_id)
        try:
            await task
        except TakenOverError:
            self._lost.add(job_id)
        except asyncio.CancelledError:
            if job_id not in self._lost:
                raise
        finally:
            if self._running.get(job_id) is task:
                del self._running[job_id]
        if job_id in self._lost:
            await self._leave(job_id)

    async def _leave(self, job_id: str) -> None:
        self._lost.discard(job_id)
        self._left.add(job_id)
        log.info("%s: another process has it by now", job_id)
        if job := await self._store.find(job_id):
            self._clear_after(job)

    def _clear_after(self, job: Job) -> None:
        """Remove what an ended job has left here, once."""
        if job.has_ended and job.id in self._left:
            self._left.discard(job.id)
            clearing = asyncio.create_task(self._clear(job))
            self._clearing.add(clearing)
            clearing.add_done_callback(self._clearing.discard)


def _is_due(job: Job, runs: int) -> bool:
    """Whether an entry is still of use. Whoever was in the middle of the job is dead: its entry went to this one."""
    if job.status is JobStatus.RUNNING:
        return True
    return not job.has_ended and len(job.stage_runs) == runs
