"""Rules of the ledger, on a real SQLite."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.jobs.job import Stage
from services.store import JobStore, open_store
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, an_origin, finished_artifacts


def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[JobStore]:
    store = await open_store(url(tmp_path))
    yield store
    await store.aclose()


async def test_a_job_is_recorded_once(store: JobStore) -> None:
    assert await store.add(a_job())
    assert not await store.add(a_job())


async def test_a_job_comes_back_whole_after_a_restart(tmp_path: Path) -> None:
    job = a_job(artifacts=finished_artifacts(tmp_path)).entering(Stage.UPLOADING, NOON).failed("no room", NOON)
    store = await open_store(url(tmp_path))
    await store.add(job)
    await store.save(job)
    await store.aclose()

    store = await open_store(url(tmp_path))

    assert await store.get(job.id) == job
    await store.aclose()


async def test_lists_tell_what_is_on_its_way_and_what_ended_last(store: JobStore) -> None:
    first, second = a_job(YOUTUBE), a_job(ATTACHMENT, created_at=NOON + timedelta(seconds=1))
    older, newer = (
        a_job(origin=an_origin(message_id=number)).succeeded(NOON + timedelta(minutes=number)) for number in (10, 11)
    )
    for job in (second, first, older, newer):
        await store.add(job)

    assert [job.id for job in await store.unfinished()] == [first.id, second.id]
    assert [job.id for job in await store.last_ended(limit=1)] == [newer.id]
    assert {job.id for job in await store.of_message(3)} == {first.id, second.id}


async def test_an_unknown_job_is_a_key_error(store: JobStore) -> None:
    with pytest.raises(KeyError):
        await store.get("nobody")


async def test_many_writers_do_not_lock_each_other_out(store: JobStore) -> None:
    jobs = [a_job(origin=an_origin(message_id=number)) for number in range(40)]

    await asyncio.gather(*(store.add(job) for job in jobs))
    await asyncio.gather(*(store.save(job.entering(Stage.PROCESSING, NOON)) for job in jobs))

    assert len(await store.unfinished()) == 40


async def test_a_note_is_kept_and_replaced(store: JobStore) -> None:
    assert await store.find_note("x") is None
    await store.keep_note("x", "1")
    await store.keep_note("x", "2")
    assert await store.find_note("x") == "2"
