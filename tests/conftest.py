"""What tests on every floor need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.store import JobStore, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[JobStore]:
    """An empty ledger."""
    store = await open_store(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    yield store
    await store.aclose()
