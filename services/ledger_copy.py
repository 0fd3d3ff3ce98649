"""A copy of a SQLite ledger, made before a new release changes its schema."""

import sqlite3
from collections.abc import Collection
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from services.errors import PermanentError, TransientError

KEPT = 3
"""Copies that are kept, the newest ones."""


def copy_before_upgrade(ledger: Path, revisions: Collection[str], newest: str) -> Path | None:
    """Copy a ledger whose schema is not the `newest` of this release's `revisions`; return the copy, if one was made.

    It lies beside the ledger, named with the schema that it has and the time: `auditscribe-0001-20261123T114500Z.db`.
    To go back to the release before, put it in the ledger's place.

    Raises:
        PermanentError: a newer release than this one has upgraded the ledger.
        TransientError: there is no room for the copy; then nothing was changed.
    """
    revision = _revision(ledger)
    if revision is None or revision == newest:
        return None
    if revision not in revisions:
        raise PermanentError(
            f"The ledger {ledger} is that of a newer release than this one (its schema is {revision}): "
            "run the newer release, or put back the copy from before it."
        )
    made = ledger.with_name(f"{ledger.stem}-{revision}-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.db")
    unfinished = made.with_suffix(".unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        with closing(_opened(ledger)) as source, closing(sqlite3.connect(unfinished)) as target:
            source.backup(target)
        unfinished.replace(made)
    except (sqlite3.Error, OSError) as error:
        unfinished.unlink(missing_ok=True)
        raise TransientError(
            f"The ledger {ledger} could not be copied before its upgrade ({error}), so it was left as it is."
        ) from error
    for old in copies_of(ledger)[:-KEPT]:
        old.unlink()
    return made


def copies_of(ledger: Path) -> list[Path]:
    """Return the copies of a ledger, the oldest first."""
    return sorted(ledger.parent.glob(f"{ledger.stem}-*Z.db"), key=lambda copy: copy.stem.rpartition("-")[2])


def _revision(ledger: Path) -> str | None:
    """Return a ledger's schema; None where it has none, or cannot be read: opening it will tell."""
    try:
        with closing(_opened(ledger)) as connection:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return None
    return str(row[0]) if row else None


def _opened(ledger: Path) -> sqlite3.Connection:
    """Return a connection that makes no file."""
    return sqlite3.connect(f"{ledger.absolute().as_uri()}?mode=rw", uri=True)
