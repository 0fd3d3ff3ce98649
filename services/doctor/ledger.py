"""Is the ledger whole?"""

from pathlib import Path

import sqlalchemy as sa
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from services.doctor.finding import Finding, Level

_SUBJECT = "Ledger"
_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_RESTORE = (
    "Stop the bot and put a copy in its place; without one, its next start keeps the file aside, begins a new ledger,"
    " and takes unfinished videos up again."
)


async def check_ledger(url: str) -> list[Finding]:
    """Open a ledger as it is, neither making nor changing it."""
    if sa.make_url(url).get_backend_name() == "postgresql":
        return [await _shared(url)]
    if (path := _file_of(url)) is None:
        return [Finding(Level.OK, _SUBJECT, "There is none yet: the bot makes it when it starts.")]
    engine = create_async_engine(f"sqlite+aiosqlite:///file:{path}?mode=rw&uri=true", hide_parameters=True)
    try:
        async with engine.connect() as connection:
            return [await _examined(connection)]
    except sa.exc.DBAPIError as error:
        return [Finding(Level.RED, _SUBJECT, f"{path} cannot be read: {error.orig}.", _RESTORE)]
    finally:
        await engine.dispose()


async def _shared(url: str) -> Finding:
    """Look into a Postgres ledger, which keeps itself whole."""
    engine = create_async_engine(url, hide_parameters=True)
    try:
        async with engine.connect() as connection:
            if await connection.scalar(sa.text("SELECT to_regclass('alembic_version')")) is None:
                return Finding(Level.OK, _SUBJECT, "The database is empty: the bot makes its tables when it starts.")
            return await _compared(connection)
    except sa.exc.DBAPIError as error:
        reason = str(error.orig).splitlines()[0].rstrip(".")
        text = f"Postgres cannot be reached: {reason}."
        return Finding(Level.RED, _SUBJECT, text, "Check DATABASE_URL, and that the database runs.")
    finally:
        await engine.dispose()


async def _examined(connection: AsyncConnection) -> Finding:
    trouble = [row for row in (await connection.exec_driver_sql("PRAGMA quick_check")).scalars() if row != "ok"]
    if trouble:
        return Finding(Level.RED, _SUBJECT, f"It is damaged: {trouble[0]}.", _RESTORE)
    return await _compared(connection)


async def _compared(connection: AsyncConnection) -> Finding:
    """Tell whether this release knows the ledger's schema."""
    schema = await connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    known = [script.revision for script in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()]
    if schema not in known:
        text = f"Its schema {schema} is that of a newer release than this one."
        return Finding(Level.RED, _SUBJECT, text, "Run the newer release, or put back the copy from before it.")
    if schema != known[0]:
        return Finding(Level.OK, _SUBJECT, "It is whole, and is brought up to date at the bot's next start.")
    return Finding(Level.OK, _SUBJECT, "It is whole.")


def _file_of(url: str) -> Path | None:
    """Return the ledger's file, None where there is none yet."""
    path = Path(sa.make_url(url).database or "")
    return path if path.exists() else None
