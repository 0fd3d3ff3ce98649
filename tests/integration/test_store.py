"""Rules of the ledger, on a real SQLite."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.jobs.job import Artifacts, Job, Stage
from services.ledger_file import DamagedLedgerError
from services.store import KEPT_ASIDE, JobStore, open_or_begin_anew, open_store
from tests.builders import ATTACHMENT, NOON, ROUTE, YOUTUBE, a_job, a_transcript, an_origin, finished_artifacts


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


async def test_jobs_on_their_way_come_in_the_order_of_their_line_and_ended_ones_not(store: JobStore) -> None:
    first, second = a_job(YOUTUBE), a_job(ATTACHMENT, created_at=NOON + timedelta(seconds=1))
    ended = a_job(origin=an_origin(message_id=10)).succeeded(NOON)
    for job in (second, first, ended):
        await store.add(job)

    assert [job.id for job in await store.unfinished()] == [first.id, second.id]
    assert {job.id for job in await store.of_message(3)} == {first.id, second.id}

    await store.save(first.failed("gone", NOON))
    await store.reopen(first.retried(NOON + timedelta(minutes=1)))
    assert [job.id for job in await store.unfinished()] == [second.id, first.id]


async def test_a_job_that_is_tried_again_keeps_its_transcript_and_has_its_end_to_report_again(
    store: JobStore, tmp_path: Path
) -> None:
    failed = a_job(artifacts=finished_artifacts(tmp_path)).failed("no room", NOON)
    await store.add(failed)
    await store.save(failed)
    await store.keep_report(failed.id, "reply")

    await store.reopen(failed.retried(NOON))

    assert (await store.get(failed.id)).artifacts.transcript == failed.artifacts.transcript
    assert await store.find_report(failed.id, "reply") is None
    await store.save(failed)
    assert await store.ended_since(NOON - timedelta(days=1), without="reply") != []


async def test_a_job_that_is_done_anew_gets_a_new_transcript(store: JobStore, tmp_path: Path) -> None:
    done = a_job(artifacts=finished_artifacts(tmp_path)).succeeded(NOON)
    await store.add(done)
    await store.save(done)

    anew = done.redone(NOON)
    await store.reopen(anew)
    assert (await store.get(done.id)).artifacts == Artifacts()

    new = a_transcript("Other words.")
    await store.save(replace(anew, artifacts=Artifacts(transcript=new)))
    assert (await store.get(done.id)).artifacts.transcript == new


async def test_who_reads_does_not_wait_for_who_writes(store: JobStore) -> None:
    await store.add(a_job())
    async with store._writing() as connection:
        await connection.exec_driver_sql("DELETE FROM jobs")
        async with asyncio.timeout(2):  # a writer would wait for 10 s, and be refused
            assert await store.get(a_job().id) == a_job()


async def test_another_post_of_a_video_in_the_same_channel_is_found_while_it_came_first_or_once_it_has_what_is_needed(
    store: JobStore, tmp_path: Path
) -> None:
    first = a_job(YOUTUBE)
    repost = a_job(YOUTUBE, origin=an_origin(message_id=9), created_at=NOON + timedelta(seconds=1))
    done = replace(first, artifacts=replace(finished_artifacts(tmp_path), transcript=None)).succeeded(NOON)
    await store.add(first)
    await store.add(repost)

    assert await store.find_first(first) is None
    assert await store.find_first(repost) == first
    await store.save(first.succeeded(NOON))  # it was answered from Notion: there is nothing to share
    assert await store.find_first(repost) is None
    await store.save(done)
    assert await store.find_first(repost) == done
    assert await store.find_first(replace(repost, created_at=NOON - timedelta(hours=1))) == done
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


@pytest.mark.parametrize(
    "ended",
    [a_job().succeeded(NOON), a_job().failed("gone", NOON, for_good=True), a_job().cancelled("Vera", NOON)],
)
async def test_the_notes_about_a_jobs_work_go_with_its_end(store: JobStore, ended: Job) -> None:
    job = a_job()
    await store.add(job)
    names = [f"{job.id}: upload session of video", f"{job.id}0: of another job", f"card {job.id}"]
    for name in names:
        await store.keep_note(name, "x")

    await store.save(job.entering(Stage.UPLOADING, NOON))
    assert [await store.find_note(name) for name in names] == ["x", "x", "x"]

    await store.save(ended)
    assert [await store.find_note(name) for name in names] == [None, "x", "x"]


async def test_a_note_is_kept_and_replaced(store: JobStore) -> None:
    assert await store.find_note("x") is None
    await store.keep_note("x", "1")
    await store.keep_note("x", "2")
    assert await store.find_note("x") == "2"


async def test_from_the_first_sign_of_damage_on_nothing_is_given_or_taken(tmp_path: Path) -> None:
    store = await open_store(url(tmp_path))
    for number in range(50):
        await store.add(a_job(id=f"{number}-0123456789", origin=an_origin(content="x" * 2000)))
    await store.aclose()
    damage(tmp_path / "ledger.db", keep=2 * 4096)

    with pytest.raises(DamagedLedgerError):
        await store.unfinished()

    assert store.damaged.is_set()
    with pytest.raises(DamagedLedgerError):
        await store.find_note("anything")
    await store.aclose()


@pytest.mark.parametrize("keep", [0, 2 * 4096], ids=["no ledger at all", "damaged behind its beginning"])
async def test_a_damaged_ledger_is_kept_as_it_is_and_another_begun(tmp_path: Path, keep: int) -> None:
    store = await open_store(url(tmp_path))
    await store.add(a_job(origin=an_origin(content="x" * 20_000)))
    await store.aclose()
    damage(tmp_path / "ledger.db", keep=keep)
    content = (tmp_path / "ledger.db").read_bytes()

    store = await open_or_begin_anew(url(tmp_path), NOON)

    kept = tmp_path / "ledger.db.damaged-20261123T120000Z"
    assert kept.read_bytes() == content
    assert await store.find_note(KEPT_ASIDE) == kept.name
    assert await store.unfinished() == []
    await store.aclose()
    store = await open_or_begin_anew(url(tmp_path), NOON + timedelta(hours=1))
    assert await store.find_note(KEPT_ASIDE) == kept.name
    await store.aclose()


def damage(file: Path, *, keep: int) -> None:
    """Let a file hold other bytes than were written, but for its first ones."""
    whole = file.read_bytes()
    file.write_bytes(whole[:keep] + b"\xa5" * (len(whole) - keep))
