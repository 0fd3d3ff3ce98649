"""Rules of bringing a ledger up to date, on a real SQLite, and on a real Postgres."""

import json
import re
import resource
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import services
from services.errors import PermanentError, TransientError
from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.ledger_copy import KEPT, copies_of
from services.overview import Overview
from services.schema import JOB
from services.store import open_store
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, a_metadata, an_origin

JOB_0001 = (
    *("id", "source", "route", "origin", "created_at", "status", "stage", "progress", "artifacts", "stage_runs"),
    *("started_at", "ended_at", "error", "attempts", "not_before", "waiting_for", "repost_of"),
)
ROUTE_0001 = (
    *("channel", "action_type", "field_map", "title_format", "final_status", "database", "drive_folder", "language"),
)
ARTIFACTS_0001 = ("metadata", "media", "transcript", "stored", "page_url", "first_page_url")


def as_it_was(job: Job) -> dict[str, Any]:
    """Return a job's row as 0001 has it."""
    now = JOB.dump_python(job, mode="json")
    body = {name: now[name] for name in JOB_0001}
    body["route"] = {name: now["route"][name] for name in ROUTE_0001}
    body["artifacts"] = {name: now["artifacts"][name] for name in ARTIFACTS_0001}
    moment = "%Y-%m-%d %H:%M:%S.%f"
    return {
        "id": job.id,
        "message_id": job.origin.message_id,
        "source_key": job.source.key,
        "status": job.status.value,
        "created_at": job.created_at.strftime(moment),
        "ended_at": job.ended_at and job.ended_at.strftime(moment),
        "body": json.dumps(body),
    }


def made_by_0001(url: str) -> None:
    """Make a ledger as 0001 left it, with nothing in it."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(services.__path__[0]) / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    engine.dispose()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    made_by_0001(f"sqlite:///{path}")
    return path


def fill(ledger: Path | str, *jobs: Job) -> None:
    engine = sa.create_engine(ledger if isinstance(ledger, str) else f"sqlite:///{ledger}")
    rows = [as_it_was(job) for job in jobs]
    with engine.begin() as connection:
        names = rows[0].keys()
        values = ", ".join(f":{name}" for name in names)
        connection.execute(sa.text(f"INSERT INTO jobs ({', '.join(names)}) VALUES ({values})"), rows)  # noqa: S608 (ours)
    engine.dispose()


async def test_jobs_from_before_0002_are_read_and_found_and_stand_in_line(ledger: Path) -> None:
    later = NOON + timedelta(seconds=1)
    known = replace(a_metadata(), title="Ask NOT in KÖLN")
    done = a_job(YOUTUBE, artifacts=Artifacts(metadata=known)).entering(Stage.COMPLETE, NOON).succeeded(NOON)
    waits = a_job(ATTACHMENT, created_at=later)
    first = a_job(YOUTUBE, origin=an_origin(message_id=9, channel_id=5))
    repost = a_job(YOUTUBE, origin=an_origin(message_id=10), created_at=later, repost_of=first.id)
    fill(ledger, waits, done, first, repost)

    store = await open_store(f"sqlite+aiosqlite:///{ledger}")
    overview = Overview(store, "tiny.en")

    assert [await store.get(job.id) for job in (done, waits, first, repost)] == [done, waits, first, repost]
    assert [job.id for job in await store.unfinished()] == [first.id, *sorted((repost.id, waits.id))]
    assert await overview.first_in_line(9) == [first.id, waits.id]
    assert (await overview.forecast(waits)).position == 2
    assert await overview.channels() == {2, 5}
    assert await store.reposts_of(first) == [repost]
    for text, found in {"köln": [done], "STAND-UP": [waits], "watch?v=": [done, first, repost]}.items():
        assert sorted(await overview.search(text, {2, 5}, list(JobStatus), 9), key=by_id) == sorted(found, key=by_id)
    await store.aclose()


async def test_a_ledger_in_postgres_is_brought_up_to_date_as_one_in_sqlite_is(database_url: str) -> None:
    url = database_url.replace("://", "+psycopg://", 1)
    done = a_job(YOUTUBE, artifacts=Artifacts(metadata=a_metadata())).entering(Stage.COMPLETE, NOON).succeeded(NOON)
    waits = a_job(ATTACHMENT, created_at=NOON)
    made_by_0001(url)
    fill(url, done, waits)

    store = await open_store(url)

    assert [await store.get(job.id) for job in (done, waits)] == [done, waits]
    assert await Overview(store, "tiny.en").first_in_line(9) == [waits.id]
    await store.aclose()


async def test_a_ledger_that_is_up_to_date_stays_as_it_is(ledger: Path) -> None:
    for _ in range(2):
        store = await open_store(f"sqlite+aiosqlite:///{ledger}")
        await store.add(a_job())
        await store.aclose()

    store = await open_store(f"sqlite+aiosqlite:///{ledger}")
    assert await store.get(a_job().id) == a_job()
    await store.aclose()


def by_id(job: Job) -> str:
    return job.id


async def test_before_a_migration_the_ledger_is_copied_and_the_newest_copies_are_kept(ledger: Path) -> None:
    fill(ledger, a_job(YOUTUBE))
    for year in range(2021, 2021 + KEPT):
        ledger.with_name(f"{ledger.stem}-0000-{year}0101T000000Z.db").touch()

    await (await open_store(f"sqlite+aiosqlite:///{ledger}")).aclose()

    *older, copy = copies_of(ledger)
    assert [one.name[12:16] for one in older] == ["2022", "2023"]
    assert re.fullmatch(r"ledger-0001-\d{8}T\d{6}Z\.db", copy.name)
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
        assert connection.execute("SELECT id FROM jobs").fetchall() == [(a_job(YOUTUBE).id,)]


async def test_no_copy_is_made_of_a_ledger_that_is_new_or_up_to_date(tmp_path: Path) -> None:
    for _ in range(2):
        await (await open_store(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")).aclose()

    assert copies_of(tmp_path / "ledger.db") == []


async def test_a_copy_put_in_the_ledgers_place_is_a_ledger(ledger: Path) -> None:
    fill(ledger, a_job(YOUTUBE))
    await (await open_store(f"sqlite+aiosqlite:///{ledger}")).aclose()
    [copy] = copies_of(ledger)

    store = await open_store(f"sqlite+aiosqlite:///{copy}")

    assert await store.get(a_job(YOUTUBE).id) == a_job(YOUTUBE)
    await store.aclose()


async def test_where_no_copy_can_be_made_the_ledger_stays_as_it_is(ledger: Path) -> None:
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, unlimited[1]))  # a disk that is full for all that is larger
    try:
        with pytest.raises(TransientError, match="could not be copied before its upgrade"):
            await open_store(f"sqlite+aiosqlite:///{ledger}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)

    assert list(ledger.parent.iterdir()) == [ledger]
    with closing(sqlite3.connect(ledger)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]


async def test_a_ledger_of_a_newer_release_is_refused_with_a_sentence(ledger: Path) -> None:
    with closing(sqlite3.connect(ledger)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(PermanentError, match="that of a newer release"):
        await open_store(f"sqlite+aiosqlite:///{ledger}")
