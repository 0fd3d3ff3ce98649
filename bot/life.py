"""A bot's life: what it takes up again at the start, and how it ends."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Protocol

from cogs.reactions import Reactions
from services.jobs.job import Job
from services.jobs.observer import Observer
from services.ledger_file import DamagedLedgerError, LedgerError
from services.store import JobStore

_LAST_REPORTS_S = 1.0
"""How long a stopping bot waits for reports that are under way."""
_REPORT_AGAIN = timedelta(days=7)
"""How old an end may be that a start still looks at for a missing report."""

_LOOK_EVERY_S = 20.0
_LATELY, _OWN_TIME = timedelta(minutes=10), timedelta(seconds=15)
"""Ends are looked at for so long; whoever recorded one has so much time to report it."""


class Reports(Protocol):
    """An observer whose reports can be waited for."""

    async def drain(self) -> None: ...


class NamedReports(Reports, Observer, Protocol):
    """Reports that are remembered, by this name, once they showed a job's end."""

    name: str


async def report_again(
    restored: Sequence[Job], store: JobStore, reports: Sequence[NamedReports], reactions: Reactions, now: datetime
) -> None:
    """Make the reports that a stopped bot may have left unmade; each finds what is there before it makes anything."""
    for job in (one for one in restored if one.origin.is_message):
        for other in await store.of_message(job.origin.message_id):
            if other.has_ended:  # it has a say in the message's reaction
                reactions.notice(other)
    for report in reports:
        for job in await store.ended_since(now - _REPORT_AGAIN, without=report.name):
            report.notice(job)


async def keep_reported(store: JobStore, reports: Sequence[NamedReports], clock: Callable[[], datetime]) -> None:
    """Make the reports that a process left unmade when it was killed just after a job's end; until cancelled."""
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        now = clock()
        with suppress(LedgerError):
            for report in reports:
                for job in await store.ended_since(now - _LATELY, without=report.name):
                    if job.ended_at and job.ended_at < now - _OWN_TIME:
                        report.notice(job)


async def until(
    stop: asyncio.Event,
    connection: Coroutine[Any, Any, None],
    pool: Coroutine[Any, Any, None],
    *,
    damaged: asyncio.Event,
    reports: Sequence[Reports],
) -> None:
    """Serve until `stop` is set, or until a fault ends the connection or the pool; then let the last reports go out.

    Raises:
        DamagedLedgerError: the ledger was found `damaged`.
    """
    connected, working = asyncio.create_task(connection), asyncio.create_task(pool)
    stopping, breaking = asyncio.create_task(stop.wait()), asyncio.create_task(damaged.wait())
    ended, _ = await asyncio.wait({connected, working, stopping, breaking}, return_when=asyncio.FIRST_COMPLETED)
    working.cancel()
    stopping.cancel()
    breaking.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_REPORTS_S):
            await asyncio.gather(*(report.drain() for report in reports))
    connected.cancel()
    await asyncio.gather(connected, working, stopping, breaking, return_exceptions=True)
    if damaged.is_set():
        raise DamagedLedgerError
    for task in ended:
        task.result()


async def side_by_side(*services: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(service)
