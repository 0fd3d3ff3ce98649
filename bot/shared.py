"""A Postgres ledger, and what several processes on it need of each other."""

import os
import secrets
import socket
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa
from procrastinate.exceptions import ConnectorException

from bot.start import StartError
from bot.works import Works
from config.settings import Settings
from services.errors import TransientError
from services.feed import Feed
from services.queue.crew import Crew
from services.queue.entries import Entries
from services.store import JobStore, open_store
from services.turns import Turns

_UNREACHABLE = (psycopg.Error, sa.exc.DBAPIError, ConnectorException, TransientError)
_ONLY_BOT = "the bot"
_OTHER_BOT_ENDS_S = 60.0
"""How long a starting bot waits for another one, which a deployment may just be ending."""


@dataclass(frozen=True, slots=True)
class Shared:
    """`name` is this process's own, and no other's, ever."""

    name: str
    store: JobStore
    turns: Turns
    entries: Entries
    feed: Feed

    def crew(self, settings: Settings, works: Works) -> Crew:
        """Return those who run jobs in this process."""
        return Crew(
            self.entries,
            self.store,
            name=self.name,
            workers=settings.workers,
            silent_s=settings.worker_silent_s,
            clock=works.clock,
            clear=works.runner.clear,
            disown=works.notion_status.disown,
        )

    async def be_only_bot(self) -> None:
        """Wait for the end of another bot on this ledger.

        Raises:
            StartError: it does not end.
        """
        try:
            await self.turns.take(_ONLY_BOT, _OTHER_BOT_ENDS_S)
        except TransientError as error:
            raise StartError(
                f"Another bot is running on this DATABASE_URL, or it cannot be reached ({error}) "
                "Stop that one first; any number of `python -m bot worker` may run."
            ) from None


async def open_shared(stack: AsyncExitStack, settings: Settings, url: str) -> Shared:
    """Open it, to be closed with `stack`.

    Raises:
        StartError: the database cannot be reached.
    """
    name = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"
    try:
        store = await stack.enter_async_context(aclosing(await open_store(settings.ledger_url, name)))
        turns = await stack.enter_async_context(Turns(url))
        entries = await stack.enter_async_context(Entries(url))
        async with turns.alone("tables"):
            await entries.make_tables()
    except _UNREACHABLE as error:
        raise StartError(f"DATABASE_URL is wrong, or its Postgres is down: {str(error).splitlines()[0]}.") from None
    return Shared(name, store, turns, entries, Feed(url, store, name))
