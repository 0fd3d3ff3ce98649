"""Procrastinate's table of what is to be run: in which order, and which process is at it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import procrastinate
from procrastinate import exceptions
from procrastinate.jobs import Job as Row
from procrastinate.jobs import Status
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from services.errors import TransientError

log = logging.getLogger(__name__)

_TASK, _QUEUE = "process_video", "videos"
_POLL_S = 1.0
"""What a stopped or dead process gives back is announced to nobody; what is new is."""
_AGAIN_S = 2.0
"""Between two tries to reach the database."""
_LATER_S = 5
_FIRST = 1
"""The priority of what goes before all that stand in line: theirs is 0 or less, the lower the later their turn."""
_BEATS = 3
"""So many signs of life fit into the time after which a silent process counts as dead."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of a job. `runs` is how many stages it had begun: by then it may have been run for another reason."""

    job_id: str
    runs: int
    turn: int = 0
    is_first: bool = False
    """Whether it goes before all that are not."""

    @property
    def priority(self) -> int:
        return _FIRST if self.is_first else -self.turn


class Entries:
    """Open while its block runs. There is one waiting entry of a job and one that runs, at most."""

    def __init__(self, url: str) -> None:
        connector = procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=2)
        self._app = procrastinate.App(connector=connector)
        self._app.task(name=_TASK, queue=_QUEUE, retry=_GivenBack())(self._run)

    async def __aenter__(self) -> Self:
        await self._app.open_async()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._app.close_async()

    async def make_tables(self) -> None:
        """Make Procrastinate's tables where they are not there; by one process at a time."""
        if not await self._app.check_connection_async():
            await self._app.schema_manager.apply_schema_async()

    async def add(self, entries: Sequence[Entry]) -> None:
        """Let jobs stand in line, by their turns, within one in this order.

        Those that stand there already keep their place, unless they are to go first or have another turn by now.
        """
        waiting = await self._of_status("todo")
        new = [self._row(entry) for entry in entries if entry.job_id not in waiting]
        for entry in entries:
            if waiting.get(entry.job_id, _FIRST) not in (_FIRST, entry.priority):
                await self._move(entry)
        try:
            if new:
                await self._app.job_manager.batch_defer_jobs_async(new)
        except exceptions.AlreadyEnqueued:  # by another process, just now
            for row in new:
                await self._add_one(row)

    async def all(self) -> Collection[str]:
        """Return the ids of the jobs that stand in line or are run."""
        return (await self._of_status("todo", "doing")).keys()

    async def take_over(self, silent_s: float) -> None:
        """Let the jobs of processes that have been silent for so long be run by others, before all that are waiting.

        Each gets a new entry: a process that was not dead after all must not find its old one.
        """
        for row in await self._app.job_manager.get_stalled_jobs(seconds_since_heartbeat=silent_s):
            try:
                await self._app.job_manager.finish_job(row, Status.ABORTED, delete_job=True)
            except exceptions.ConnectorException:  # another process was sooner
                continue
            log.warning("%s: taken over from a process that is silent", row.lock)
            await self._add_one(row.evolve(id=None, priority=_FIRST))

    async def serve(
        self, run: Callable[[str, int], Awaitable[None]], *, name: str, at_once: int, silent_s: float
    ) -> None:
        """Run entries until cancelled; those that are not done by then are given back."""
        self._runs = run
        while True:
            try:
                await self._app.run_worker_async(
                    queues=[_QUEUE],
                    name=name,
                    concurrency=at_once,
                    fetch_job_polling_interval=_POLL_S,
                    shutdown_graceful_timeout=0,
                    delete_jobs="always",  # the ledger knows more of them
                    install_signal_handlers=False,
                    update_heartbeat_interval=silent_s / _BEATS,
                    stalled_worker_timeout=silent_s,
                )
            except exceptions.ConnectorException as error:
                log.warning("queue: the database cannot be reached: %s", error)
            await asyncio.sleep(_AGAIN_S)

    async def _run(self, job_id: str, runs: int) -> None:
        await self._runs(job_id, runs)

    async def _add_one(self, row: Row) -> None:
        try:
            await self._app.job_manager.defer_job_async(row)
        except exceptions.AlreadyEnqueued:
            log.debug("%s: stands in line already", row.lock)

    async def _move(self, entry: Entry) -> None:
        await self._app.connector.execute_query_async(
            "UPDATE procrastinate_jobs SET priority = %(priority)s WHERE lock = %(lock)s AND status = 'todo'",
            lock=entry.job_id,
            priority=entry.priority,
        )

    async def _of_status(self, *statuses: str) -> Mapping[str, int]:
        """Return the priorities of entries, by the ids of their jobs."""
        found = await self._app.connector.execute_query_all_async(
            "SELECT lock, priority FROM procrastinate_jobs"
            " WHERE status = ANY(%(statuses)s::procrastinate_job_status[])",
            statuses=list(statuses),
        )
        return {row["lock"]: row["priority"] for row in found}

    def _row(self, entry: Entry) -> Row:
        return Row(
            id=None,
            queue=_QUEUE,
            task_name=_TASK,
            lock=entry.job_id,
            queueing_lock=entry.job_id,
            priority=entry.priority,
            task_kwargs={"job_id": entry.job_id, "runs": entry.runs},
        )


class _GivenBack(BaseRetryStrategy):
    """A process that stops gives its entries back, and so does one that cannot reach the ledger."""

    def get_retry_decision(self, *, exception: BaseException, job: Row) -> RetryDecision | None:
        if isinstance(exception, TransientError):
            return RetryDecision(retry_in={"seconds": _LATER_S})
        return RetryDecision(retry_in={"seconds": 0}) if isinstance(exception, asyncio.CancelledError) else None
