"""What tests on every floor need."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from services.store import JobStore, open_store
from tests.postgres import new_database, postgres

pytest_plugins = ["tests.secret_scan"]

hypothesis.settings.register_profile("the same each time", derandomize=True, deadline=None)
hypothesis.settings.load_profile("the same each time")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that may take longest, so that none of them is all that is left to do at the end."""
    items.sort(key=lambda item: -max((mark.args[0] for mark in item.iter_markers("timeout")), default=0))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    with postgres() as server:
        yield server


@pytest.fixture
def database_url(postgres_server: Any) -> str:
    """An empty Postgres database."""
    return new_database(postgres_server)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[JobStore]:
    """An empty ledger."""
    store = await open_store(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    yield store
    await store.aclose()
