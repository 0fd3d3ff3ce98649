"""Rules of recording."""

from pathlib import Path

import pytest

from services import recorder as recorder_module
from services.jobs.job import Job, Stage
from services.ledger_file import LedgerError
from services.recorder import Recorder
from services.store import JobStore, open_store
from tests.builders import NOON, a_job, an_origin


class Listener:
    def __init__(self) -> None:
        self.heard: list[Job] = []

    def notice(self, job: Job) -> None:
        self.heard.append(job)


async def test_observers_are_told_after_the_ledger_and_of_a_new_job_once(store: JobStore) -> None:
    listener = Listener()
    recorder = Recorder(store, [listener])

    assert await recorder.add(a_job())
    assert not await recorder.add(a_job())

    assert listener.heard == [a_job()]


class FullStore(JobStore):
    """Takes nothing, the first times."""

    refusals = 3

    async def save(self, job: Job) -> None:
        if self.refusals:
            self.refusals -= 1
            raise LedgerError("the disk is full")
        await super().save(job)


async def test_a_ledger_that_takes_nothing_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "PATIENCE_S", 0)
    store = await open_store(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    full, listener = FullStore(store._engine), Listener()
    await full.add(a_job())

    await Recorder(full, [listener]).record(a_job().entering(Stage.DOWNLOADING, NOON))

    assert [heard.stage for heard in listener.heard] == [Stage.DOWNLOADING]
    assert (await store.get(a_job().id)).stage is Stage.DOWNLOADING
    await store.aclose()


async def test_a_full_ledger_is_told_from_a_wrong_request(tmp_path: Path) -> None:
    store = await open_store(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    async with store._engine.connect() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=1")

    with pytest.raises(LedgerError, match="cannot be written"):
        await store.add(a_job(origin=an_origin(content="x" * 100_000)))
    await store.aclose()
