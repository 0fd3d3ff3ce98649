"""Rules of bringing a ledger up to date, on a real SQLite."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import services
from services.jobs.job import Artifacts, Job, JobStatus, Stage
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


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger as 0001 left it, with nothing in it."""
    path = tmp_path / "ledger.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        config = Config()
        config.set_main_option("script_location", str(Path(services.__path__[0]) / "migrations"))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.commit()
    engine.dispose()
    return path


def fill(ledger: Path, *jobs: Job) -> None:
    engine = sa.create_engine(f"sqlite:///{ledger}")
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
