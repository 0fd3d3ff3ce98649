"""Rules of the ledger, on a real SQLite."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.jobs.job import Stage
from services.store import JobStore, open_store
from tests.builders import ATTACHMENT, NOON, ROUTE, YOUTUBE, a_job, an_origin, finished_artifacts


def url(tmp_path: Path) -> str:
    return f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"


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


async def test_an_earlier_post_of_a_video_in_the_same_channel_is_found_while_it_is_at_work_or_has_succeeded(
    store: JobStore,
) -> None:
    first = a_job(YOUTUBE)
    repost = a_job(YOUTUBE, origin=an_origin(message_id=9), created_at=NOON + timedelta(seconds=1))
    await store.add(first)
    await store.add(repost)

    assert await store.find_first(first) is None
    assert await store.find_first(repost) == first
    await store.save(first.succeeded(NOON))
    assert await store.find_first(repost) == first.succeeded(NOON)
    await store.save(first.failed("gone", NOON))
    assert await store.find_first(repost) is None
    assert await store.find_first(replace(repost, route=replace(ROUTE, channel="education"))) is None


async def test_ends_whose_report_was_not_made_are_found(store: JobStore) -> None:
    reported, unreported = a_job(YOUTUBE).succeeded(NOON), a_job(ATTACHMENT).succeeded(NOON)
    for job in (reported, unreported):
        await store.add(job)
    await store.keep_report(reported.id, "reply")

    assert await store.ended_since(NOON - timedelta(days=1), without="reply") == [unreported]
    assert await store.ended_since(NOON, without="reply") == []


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
