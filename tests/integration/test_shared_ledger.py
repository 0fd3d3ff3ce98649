"""Rules of what several processes need of each other, on a real Postgres."""

import asyncio
from contextlib import aclosing
from dataclasses import replace

import psycopg
import pytest

from services.announcement import announcement, read_announcement
from services.doctor.finding import Level
from services.doctor.ledger import check_ledger
from services.errors import PermanentError, TransientError
from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.ledger_file import LedgerError
from services.overview import Overview
from services.schema import row_of
from services.store import open_store
from services.turns import Turns
from tests.builders import NOON, a_job, a_metadata, a_transcript, an_origin


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


async def test_what_one_process_does_alone_another_waits_for(database_url: str) -> None:
    order: list[str] = []
    async with Turns(database_url) as one, Turns(database_url) as other:

        async def do(turns: Turns, what: str) -> None:
            async with turns.alone("page of 1"):
                order.append(f"{what} begins")
                await asyncio.sleep(0.2)
                order.append(f"{what} ends")

        await asyncio.gather(do(one, "one"), do(other, "other"))
        async with one.alone("page of 1"), other.alone("page of 2"):
            order.append("others")

    first, second = order[0].split()[0], order[2].split()[0]
    assert order == [f"{first} begins", f"{first} ends", f"{second} begins", f"{second} ends", "others"]


async def test_a_turn_outlives_neither_its_process_nor_whoever_gives_it_up(database_url: str) -> None:
    async with Turns(database_url) as other:
        async with Turns(database_url) as dying:
            await dying.take("the bot")
            with pytest.raises(TransientError):
                await other.take("the bot", patience_s=0.1)
        await other.take("the bot")

        async with Turns(database_url) as third:
            waiting = asyncio.create_task(third.take("the bot"))
            await asyncio.sleep(0.1)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)


async def test_a_ledger_in_postgres_keeps_what_one_in_sqlite_keeps(database_url: str) -> None:
    words = a_job(artifacts=Artifacts(a_metadata(title="Nul \0 and 🎬"), transcript=a_transcript("Ask not.")))
    job = words.entering(Stage.UPLOADING, NOON).failed("no room", NOON)
    async with aclosing(await open_store(sqlalchemy_url(database_url), "one")) as store:
        assert await store.add(job)
        assert not await store.add(job)
        await store.save(job)
        await store.keep_note("a", "1")
        await store.keep_note("a", "2")
        assert await store.get(job.id) == job
        assert await store.find_note("a") == "2"
        found = await Overview(store, "").search("nul", [job.origin.channel_id], [JobStatus.FAILED], 5)
        assert [one.id for one in found] == [job.id]

    [finding] = await check_ledger(sqlalchemy_url(database_url))
    assert finding.level is Level.OK


async def test_the_ledger_of_a_newer_release_is_refused_with_a_sentence(database_url: str) -> None:
    await (await open_store(sqlalchemy_url(database_url))).aclose()
    with psycopg.connect(database_url) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(PermanentError, match="that of a newer release"):
        await open_store(sqlalchemy_url(database_url))


async def test_a_postgres_that_is_away_is_a_ledger_that_cannot_be_opened() -> None:
    with pytest.raises(LedgerError, match="cannot be opened at the moment"):
        await open_store("postgresql+psycopg://u:p@127.0.0.1:1/x")


async def test_two_processes_may_make_the_tables_at_once(database_url: str) -> None:
    stores = await asyncio.gather(*(open_store(sqlalchemy_url(database_url), name) for name in ("one", "two")))
    for store in stores:
        await store.aclose()


@pytest.mark.parametrize("content", ["please audit", "".join(map(chr, range(0x4E00, 0x4E00 + 9000)))])
def test_an_announcement_is_short_enough_for_postgres_and_tells_all_that_fits(content: str) -> None:
    job: Job = replace(a_job(origin=an_origin(content=content)), holder="one")

    told = announcement(row_of(job), "one")

    assert len(told.encode()) < 8000
    assert read_announcement(told) == ("one", job.id, job if len(content) < 100 else None)
