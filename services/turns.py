"""Locks that hold across processes, by name: a process that dies lets go of all of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from hashlib import blake2b
from typing import Self
from weakref import WeakValueDictionary

import psycopg

from services.errors import TransientError

log = logging.getLogger(__name__)

Alone = Callable[[str], AbstractAsyncContextManager[None]]
"""Takes the name of what is done by one process at a time."""

_LOOK_EVERY_S = 0.05
_PATIENCE_S = 10.0
"""Whoever has a turn for longer than this is told of as busy."""


def no_others(_name: str) -> AbstractAsyncContextManager[None]:
    """`Alone` where there is only one process."""
    return nullcontext()


class Turns:
    """Postgres' advisory locks, all of them on one connection, which is open while the block runs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: psycopg.AsyncConnection | None = None
        self._asking = asyncio.Lock()
        self._here: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        async with self._asking:
            if self._connection:
                await self._connection.close()

    @asynccontextmanager
    async def alone(self, name: str) -> AsyncIterator[None]:
        """Run the block while no other task of any process runs one of this name.

        Raises:
            TransientError: another process has been at it for ten seconds, or the database cannot be reached.
        """
        async with self._here.setdefault(name, asyncio.Lock()):
            taking = asyncio.create_task(self._take(name))
            try:
                await asyncio.shield(taking)
                yield
            finally:
                await asyncio.shield(asyncio.create_task(self._give_back(name, taking)))

    async def take(self, name: str, patience_s: float = _PATIENCE_S) -> None:
        """Keep a turn for the rest of this process's life; raises as `alone` does."""
        await self._take(name, patience_s)

    async def _take(self, name: str, patience_s: float = _PATIENCE_S) -> None:
        deadline = asyncio.get_running_loop().time() + patience_s
        while not await self._ask("SELECT pg_try_advisory_lock(%s)", name):
            if asyncio.get_running_loop().time() > deadline:
                raise TransientError("Another process is busy with it.")
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _give_back(self, name: str, taking: asyncio.Task[None]) -> None:
        await asyncio.wait({taking})
        if taking.exception() is None:
            try:
                await self._ask("SELECT pg_advisory_unlock(%s)", name)
            except TransientError as error:  # the lock went with its connection
                log.warning("ledger: %s", error)

    async def _ask(self, query: str, name: str) -> bool:
        async with self._asking:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
                row = await (await self._connection.execute(query, (_number(name),))).fetchone()
            except psycopg.OperationalError as error:
                raise TransientError(f"The bot's ledger cannot be reached at the moment ({error}).") from error
        return bool(row and row[0])


def _number(name: str) -> int:
    """Return the 64 bits that Postgres takes for a name."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
