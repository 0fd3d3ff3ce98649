"""What other processes write into a Postgres ledger, told as it happens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import psycopg

from services.announcement import CHANNEL, read_announcement
from services.jobs.job import Job
from services.ledger_file import LedgerError
from services.store import JobStore

log = logging.getLogger(__name__)

_AGAIN_S = 2.0
"""Between two tries to reach the database."""

Resync = Callable[[], Awaitable[object]]


class Feed:
    """Jobs in the order in which they were recorded, but for those that this process (`name`) has recorded itself."""

    def __init__(self, url: str, store: JobStore, name: str) -> None:
        self._url = url
        self._store = store
        self._name = name
        self.listens = asyncio.Event()
        """From then on nothing is missed without a `resync`."""

    async def follow(self, hear: Callable[[Job], None], resync: Resync | None = None) -> None:
        """Let `hear` know of each job until cancelled; `resync` is awaited when something may have been missed."""
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    if resync and self.listens.is_set():
                        await resync()
                    self.listens.set()
                    async for notice in connection.notifies():
                        if job := await self._read(notice.payload):
                            hear(job)
            except (psycopg.OperationalError, LedgerError) as error:
                log.warning("ledger: the connection that listens to it was lost: %s", error)
            await asyncio.sleep(_AGAIN_S)

    async def _read(self, told: str) -> Job | None:
        sender, job_id, job = read_announcement(told)
        if sender == self._name:
            return None
        return job or await self._store.find(job_id)
