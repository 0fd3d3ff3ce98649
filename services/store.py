"""The ledger: every job, as it was last recorded, and its transcript."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from pydantic import TypeAdapter
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from services.errors import TransientError
from services.jobs.job import ENDED, Job, JobStatus
from services.media import Transcript

_JOB = TypeAdapter(Job)
_TRANSCRIPT = TypeAdapter(Transcript)


class UtcDateTime(sa.TypeDecorator[datetime]):
    """SQLite gives naive datetimes back; ours are always UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and value.replace(tzinfo=timezone.utc)


metadata = sa.MetaData()

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("message_id", sa.BigInteger, nullable=False, index=True),
    sa.Column("source_key", sa.String, nullable=False, index=True),
    sa.Column("status", sa.String, nullable=False, index=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, index=True),
    sa.Column("body", sa.Text, nullable=False),
)

transcripts = sa.Table(
    "transcripts",
    metadata,
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
)

reports = sa.Table(
    "reports",
    metadata,
    sa.Column("job_id", sa.String, sa.ForeignKey("jobs.id"), primary_key=True),
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("name", sa.String, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)


class LedgerError(TransientError):
    """The ledger takes nothing: its disk is full, or another process holds it."""


class JobStore:
    """Open it with `open_store`, close it with `aclose`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def aclose(self) -> None:
        await self._engine.dispose()

    async def add(self, job: Job) -> bool:
        """Record a new job; False if the ledger has it already."""
        async with self._writing() as connection:
            added = await connection.execute(insert(jobs).values(_row(job)).on_conflict_do_nothing())
            return added.rowcount == 1

    async def save(self, job: Job) -> None:
        """Record what became of a job."""
        async with self._writing() as connection:
            await connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(_row(job)))
            if job.artifacts.transcript is not None:
                body = _TRANSCRIPT.dump_json(job.artifacts.transcript).decode()
                kept = insert(transcripts).values(job_id=job.id, body=body)
                await connection.execute(kept.on_conflict_do_nothing())

    async def get(self, job_id: str) -> Job:
        """Return a job with its transcript.

        Raises:
            KeyError: the ledger has no such job.
        """
        query = (
            sa.select(jobs.c.body, transcripts.c.body)
            .join_from(jobs, transcripts, isouter=True)
            .where(jobs.c.id == job_id)
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise KeyError(job_id)
        job = _JOB.validate_json(row[0])
        transcript = _TRANSCRIPT.validate_json(row[1]) if row[1] else None
        return replace(job, artifacts=replace(job.artifacts, transcript=transcript))

    async def of_message(self, message_id: int) -> list[Job]:
        """Return the jobs of a message, without their transcripts."""
        return await self._list(sa.select(jobs.c.body).where(jobs.c.message_id == message_id))

    async def unfinished(self) -> list[Job]:
        """Return the jobs on their way, the oldest first, without their transcripts."""
        return await self._list(
            sa.select(jobs.c.body).where(jobs.c.status.not_in(ENDED)).order_by(jobs.c.created_at, jobs.c.id)
        )

    async def find_first(self, job: Job) -> Job | None:
        """Return the job of an earlier post of this video in this channel that has done the work, or is at it."""
        return next((first for first in await self._same_video(job) if _does_the_work(first, job)), None)

    async def reposts_of(self, first: Job) -> list[Job]:
        """Return the unfinished jobs that wait for the end of this one."""
        return [job for job in await self._same_video(first) if job.repost_of == first.id and not job.has_ended]

    async def ended_since(self, moment: datetime, *, without: str) -> list[Job]:
        """Return the jobs that ended after `moment` and have no report of that name."""
        reported = sa.exists().where(reports.c.job_id == jobs.c.id, reports.c.name == without)
        return await self._list(sa.select(jobs.c.body).where(jobs.c.ended_at > moment, ~reported))

    async def find_report(self, job_id: str, name: str) -> str | None:
        """Return the text of a report of a job's end, once it was made."""
        query = sa.select(reports.c.text).where(reports.c.job_id == job_id, reports.c.name == name)
        async with self._engine.connect() as connection:
            return await connection.scalar(query)

    async def keep_report(self, job_id: str, name: str, text: str = "") -> None:
        """Remember that a job's end was reported; `text` may name what was made for it."""
        report = insert(reports).values(job_id=job_id, name=name, text=text)
        async with self._writing() as connection:
            await connection.execute(report.on_conflict_do_nothing())

    async def last_ended(self, limit: int) -> list[Job]:
        """Return the jobs that ended last, the latest first, without their transcripts."""
        return await self._list(
            sa.select(jobs.c.body).where(jobs.c.ended_at.is_not(None)).order_by(jobs.c.ended_at.desc()).limit(limit)
        )

    async def find_note(self, name: str) -> str | None:
        """Return a small text kept under `name`."""
        async with self._engine.connect() as connection:
            return await connection.scalar(sa.select(notes.c.text).where(notes.c.name == name))

    async def keep_note(self, name: str, text: str) -> None:
        note = insert(notes).values(name=name, text=text)
        async with self._writing() as connection:
            await connection.execute(note.on_conflict_do_update(index_elements=["name"], set_={"text": text}))

    async def drop_note(self, name: str) -> None:
        async with self._writing() as connection:
            await connection.execute(sa.delete(notes).where(notes.c.name == name))

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except sa.exc.OperationalError as error:
            raise LedgerError(f"The bot's ledger cannot be written at the moment ({error.orig}).") from error

    async def _same_video(self, job: Job) -> list[Job]:
        """Return the jobs of a video, the oldest first."""
        same = sa.select(jobs.c.body).where(jobs.c.source_key == job.source.key)
        return await self._list(same.order_by(jobs.c.created_at, jobs.c.id))

    async def _list(self, query: sa.Select[Any]) -> list[Job]:
        async with self._engine.connect() as connection:
            return _jobs((await connection.scalars(query)).all())


async def open_store(url: str) -> JobStore:
    """Open the ledger and bring its schema up to date."""
    engine = create_async_engine(url, hide_parameters=True)  # an error's text is for the log, what is kept is not
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine.sync_engine, "connect", _tune_sqlite)
        sa.event.listen(engine.sync_engine, "begin", _begin_immediately)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate)
        await connection.commit()
    return JobStore(engine)


def _migrate(connection: sa.Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _tune_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_immediately(connection: sa.Connection) -> None:
    """Take the write lock at once: a read lock that is raised later fails with "locked" under load."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _row(job: Job) -> dict[str, object]:
    light = replace(job, artifacts=replace(job.artifacts, transcript=None))
    return {
        "id": job.id,
        "message_id": job.origin.message_id,
        "source_key": job.source.key,
        "status": job.status.value,
        "created_at": job.created_at,
        "ended_at": job.ended_at,
        "body": _JOB.dump_json(light).decode(),
    }


def _does_the_work(first: Job, job: Job) -> bool:
    is_earlier = (first.created_at, first.id) < (job.created_at, job.id)
    succeeds = first.status is JobStatus.SUCCEEDED or not first.has_ended
    return is_earlier and succeeds and first.repost_of is None and first.route.channel == job.route.channel


def _jobs(bodies: Iterable[str]) -> list[Job]:
    return [_JOB.validate_json(body) for body in bodies]
