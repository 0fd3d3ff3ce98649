"""The ledger's file, or its Postgres: opened whole and up to date, or kept aside; and what its failures mean."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from services.clients.threads import in_own_thread
from services.errors import AuditscribeError, PermanentError, TransientError
from services.ledger_copy import copy_before_upgrade

log = logging.getLogger(__name__)

READS = "auditscribe_reads"
"""Marks connections whose transactions need no write lock."""
_MIGRATING = 0x41756469
"""The number of Postgres' lock for it; any would do."""
_POOL = {"pool_size": 3, "max_overflow": 2, "pool_pre_ping": True}
"""Of connections to Postgres, for each process."""
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
"""What SQLite says of a file that does not hold what was written to it (sqlite.org/rescode.html)."""


class LedgerError(TransientError):
    """The ledger gives or takes nothing: its disk is full, another process holds it, its Postgres is away."""


class DamagedLedgerError(LedgerError):
    """The ledger's file is not what was written to it: nothing in it can be relied upon."""

    def __init__(self) -> None:
        super().__init__("The bot's ledger is damaged: the bot begins a new one, and takes unfinished videos up again.")


async def opened(url: str) -> AsyncEngine:
    """Return the engine of a ledger that is whole, with its schema up to date; of SQLite a copy is made beforehand.

    Raises:
        PermanentError: it is that of a newer release.
        DamagedLedgerError: it is not whole.
        LedgerError: it cannot be written.
        TransientError: the copy could not be made.
    """
    pool = _POOL if sa.make_url(url).get_backend_name() == "postgresql" else {}
    engine = create_async_engine(url, hide_parameters=True, **pool)  # an error's text is for the log, what is kept not
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine.sync_engine, "connect", _tune_sqlite)
        sa.event.listen(engine.sync_engine, "begin", _begin)
    try:
        with named_errors("opened"):
            if engine.dialect.name == "sqlite":
                await _check(url)
                await _copy_before_upgrade(Path(engine.url.database or ""))
            async with engine.connect() as connection:
                await connection.run_sync(_migrate)
                await connection.commit()
    except AuditscribeError:
        await engine.dispose()
        raise
    return engine


def keep_aside(url: str, now: datetime) -> Path:
    """Give a SQLite ledger, and what lies beside it, a name that tells since when. Returns the new path.

    The file itself comes last: a new one must never meet the old one's write-ahead log.
    """
    file = Path(sa.make_url(url).database or "")
    kept = file.with_name(f"{file.name}.damaged-{now.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}")
    for beside in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            file.with_name(f"{file.name}{beside}").rename(kept.with_name(f"{kept.name}{beside}"))
    return kept


@contextmanager
def named_errors(done: str) -> Iterator[None]:
    """Raise what says that the ledger cannot be `done` (a participle) as LedgerError or DamagedLedgerError."""
    try:
        yield
    except sa.exc.DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) & 0xFF in _DAMAGE:
            raise DamagedLedgerError from error
        if not isinstance(error, sa.exc.OperationalError):
            raise
        raise LedgerError(f"The bot's ledger cannot be {done} at the moment ({error.orig}).") from error


async def _check(url: str) -> None:
    """Raise DamagedLedgerError where SQLite finds fault with the file, to which nothing is written yet."""
    async with create_async_engine(url, poolclass=sa.NullPool).connect() as connection:
        found = (await connection.exec_driver_sql("PRAGMA quick_check(1)")).scalar()
    if found != "ok":
        log.error("ledger: %s", found)
        raise DamagedLedgerError


async def _copy_before_upgrade(ledger: Path) -> None:
    scripts = ScriptDirectory.from_config(_alembic())
    known = [script.revision for script in scripts.walk_revisions()]  # the newest first
    if copy := await in_own_thread(partial(copy_before_upgrade, ledger, known, known[0])):
        log.info("ledger: it is brought up to date; as it was, it is kept in %s", copy)


def _migrate(connection: sa.Connection) -> None:
    if connection.dialect.name == "postgresql":  # several processes may start at once
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
    config = _alembic()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise PermanentError("The ledger is that of a newer release than this one: run the newer release.") from error


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def _tune_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(connection: sa.Connection) -> None:
    """Take the write lock at once, unless nothing is to be written: one that is raised later fails under load."""
    reads = connection.get_execution_options().get(READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")
