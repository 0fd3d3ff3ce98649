"""The ledger: every job, as it was last recorded, and its transcript."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from services.announcement import CHANNEL, announcement
from services.jobs.eta import Rate
from services.jobs.job import ENDED, Job, JobStatus
from services.ledger_file import READS, DamagedLedgerError, keep_aside, named_errors, opened
from services.media import Transcript
from services.schema import JOB, PLACE, jobs, notes, rates, reports, row_of, transcripts

log = logging.getLogger(__name__)

_TRANSCRIPT = TypeAdapter(Transcript)

KEPT_ASIDE = "damaged ledger kept aside"
"""The note that a ledger was begun in the place of a damaged one, until everybody knows; its text names that file."""


class TakenOverError(Exception):
    """Another process has this job by now: whoever meets this lets go of it, and changes nothing any more."""


class JobStore:
    """Open it with `open_store`, close it with `aclose`.

    All methods raise LedgerError where it cannot be read or written at the moment. From the first sign that its file
    is `damaged` it gives and takes nothing more, and raises DamagedLedgerError.
    On Postgres each written job is announced to `Feed`s, with `name` as the sender, when its transaction is done.
    """

    def __init__(self, engine: AsyncEngine, name: str = "") -> None:
        self.damaged = asyncio.Event()
        self._engine = engine
        self._readable = engine.execution_options(**{READS: True})
        self._name = name
        self._is_shared = engine.dialect.name == "postgresql"

    async def aclose(self) -> None:
        await self._engine.dispose()

    async def add(self, job: Job) -> bool:
        """Record a new job; False if the ledger has it already."""
        async with self._writing() as connection:
            new = self._insert(jobs).values(row := row_of(job)).on_conflict_do_nothing().returning(jobs.c.id)
            added = await connection.scalar(new) is not None
            if added:
                await self._announce(connection, row)
            return added

    async def save(self, job: Job) -> None:
        """Record what became of a job; the notes about its work (`keep_note`) go when it has ended.

        Raises:
            TakenOverError: it has another holder by now.
        """
        async with self._writing() as connection:
            await self._update(connection, job, holder=job.holder)
            if job.artifacts.transcript is not None and not await connection.scalar(_has_transcript(job)):
                body = _TRANSCRIPT.dump_json(job.artifacts.transcript).decode()
                await connection.execute(self._insert(transcripts).values(job_id=job.id, body=body))
            if job.has_ended:
                await connection.execute(sa.delete(notes).where(notes.c.name.startswith(f"{job.id}:", autoescape=True)))

    async def take(self, job_id: str, holder: str, becoming: Callable[[Job], Job | None]) -> Job | None:
        """Make `holder` the one who may write a job: from now on nothing counts that the one before it records.

        Returns what the job became, with its transcript; None, and nothing is changed, where that is None.

        Raises:
            KeyError: the ledger has no such job.
        """
        query = sa.select(jobs.c.body).where(jobs.c.id == job_id).with_for_update()
        async with self._writing() as connection:
            if (body := await connection.scalar(query)) is None:
                raise KeyError(job_id)
            known = JOB.validate_json(body)
            words = await connection.scalar(sa.select(transcripts.c.body).where(transcripts.c.job_id == job_id))
            job = becoming(_with_transcript(known, words))
            if job is not None:
                job = replace(job, holder=holder)
                await self._update(connection, job, holder=known.holder)
            return job

    async def holder_of(self, job_id: str) -> str | None:
        found = await self.read(sa.select(jobs.c.holder).where(jobs.c.id == job_id))
        return next(iter(found), None)

    async def reopen(self, job: Job) -> None:
        """Record that a job is on its way again: what was reported of its end, and a transcript that it lacks, go."""
        async with self._writing() as connection:
            await connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(row := row_of(job)))
            await connection.execute(sa.delete(reports).where(reports.c.job_id == job.id))
            if job.artifacts.transcript is None:
                await connection.execute(sa.delete(transcripts).where(transcripts.c.job_id == job.id))
            await self._announce(connection, row)

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
        async with self._reading() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise KeyError(job_id)
        return _with_transcript(JOB.validate_json(row[0]), row[1])

    async def find(self, job_id: str) -> Job | None:
        """Return a job without its transcript, if the ledger has it."""
        return next(iter(await self.fetch(sa.select(jobs.c.body).where(jobs.c.id == job_id))), None)

    async def of_message(self, message_id: int) -> list[Job]:
        """Return the jobs of a message, without their transcripts."""
        return await self.fetch(sa.select(jobs.c.body).where(jobs.c.message_id == message_id))

    async def unfinished(self) -> list[Job]:
        """Return the jobs on their way in the order of their line, without their transcripts."""
        return await self.fetch(sa.select(jobs.c.body).where(jobs.c.status.not_in(ENDED)).order_by(*PLACE))

    async def find_first(self, job: Job) -> Job | None:
        """Return the job of another post of this video in this channel that has done the work, or is at it."""
        return next((first for first in await self._same_video(job) if _does_the_work(first, job)), None)

    async def reposts_of(self, first: Job) -> list[Job]:
        """Return the unfinished jobs that wait for the end of this one."""
        waiting = sa.select(jobs.c.body).where(jobs.c.repost_of == first.id, jobs.c.status.not_in(ENDED))
        return await self.fetch(waiting.order_by(jobs.c.created_at, jobs.c.id))

    async def ended_since(self, moment: datetime, *, without: str) -> list[Job]:
        """Return the jobs that ended after `moment` and have no report of that name."""
        reported = sa.exists().where(reports.c.job_id == jobs.c.id, reports.c.name == without)
        return await self.fetch(sa.select(jobs.c.body).where(jobs.c.ended_at > moment, ~reported))

    async def find_report(self, job_id: str, name: str) -> str | None:
        """Return the text of a report of a job's end, once it was made."""
        query = sa.select(reports.c.text).where(reports.c.job_id == job_id, reports.c.name == name)
        async with self._reading() as connection:
            return await connection.scalar(query)

    async def keep_report(self, job_id: str, name: str, text: str = "") -> None:
        """Remember that a job's end was reported; `text` may name what was made for it."""
        report = self._insert(reports).values(job_id=job_id, name=name, text=text)
        async with self._writing() as connection:
            await connection.execute(report.on_conflict_do_nothing())

    async def keep_rate(self, rate: Rate) -> None:
        """Remember how fast a stage was."""
        async with self._writing() as connection:
            await connection.execute(
                self._insert(rates).values(stage=rate.stage, model=rate.model, rate=rate.per_second)
            )

    async def find_note(self, name: str) -> str | None:
        """Return a small text kept under `name`."""
        async with self._reading() as connection:
            return await connection.scalar(sa.select(notes.c.text).where(notes.c.name == name))

    async def keep_note(self, name: str, text: str) -> None:
        """Keep a small text; a name that begins with a job's id and a colon is kept until that job has ended."""
        note = self._insert(notes).values(name=name, text=text)
        async with self._writing() as connection:
            await connection.execute(note.on_conflict_do_update(index_elements=["name"], set_={"text": text}))

    async def drop_note(self, name: str) -> None:
        async with self._writing() as connection:
            await connection.execute(sa.delete(notes).where(notes.c.name == name))

    async def fetch(self, query: sa.Select[Any]) -> list[Job]:
        """Return the jobs whose bodies a query selects."""
        return [JOB.validate_json(body) for body in await self.read(query)]

    async def read(self, query: sa.Select[Any]) -> list[Any]:
        """Return the first column of what a query selects."""
        return [row[0] for row in await self.rows(query)]

    async def rows(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        """Return what a query selects."""
        async with self._reading() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    def _insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        return postgresql.insert(table) if self._is_shared else sqlite.insert(table)

    async def _update(self, connection: AsyncConnection, job: Job, *, holder: str | None) -> None:
        is_theirs = jobs.c.holder.is_not_distinct_from(holder)
        changed = sa.update(jobs).where(jobs.c.id == job.id, is_theirs).values(row := row_of(job))
        if (await connection.execute(changed)).rowcount:
            await self._announce(connection, row)
        elif await connection.scalar(sa.select(sa.exists().where(jobs.c.id == job.id))):
            raise TakenOverError(job.id)

    async def _announce(self, connection: AsyncConnection, row: Mapping[str, object]) -> None:
        if self._is_shared:
            await connection.execute(sa.select(sa.func.pg_notify(CHANNEL, announcement(row, self._name))))

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction that writes."""
        with self._named_errors("written"):
            async with self._engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        with self._named_errors("read"):
            async with self._readable.connect() as connection:
                yield connection

    @contextmanager
    def _named_errors(self, done: str) -> Iterator[None]:
        if self.damaged.is_set():
            raise DamagedLedgerError
        try:
            with named_errors(done):
                yield
        except DamagedLedgerError:
            self.damaged.set()
            raise

    async def _same_video(self, job: Job) -> list[Job]:
        """Return the jobs of a video, the oldest first."""
        same = sa.select(jobs.c.body).where(jobs.c.source_key == job.source.key)
        return await self.fetch(same.order_by(jobs.c.created_at, jobs.c.id))


async def open_store(url: str, name: str = "") -> JobStore:
    """Open the ledger and bring its schema up to date; `name` is that of this process, where there are several.

    Raises as `ledger_file.opened` does.
    """
    return JobStore(await opened(url), name)


async def open_or_begin_anew(url: str, now: datetime, *, is_damaged: bool = False) -> JobStore:
    """Open the ledger; a damaged one is kept aside, and a new one is begun, which has KEPT_ASIDE's note.

    `is_damaged`: that was found out while it was in use. Raises LedgerError as `open_store` does.
    """
    if not is_damaged:
        with suppress(DamagedLedgerError):
            return await open_store(url)
    kept = keep_aside(url, now)
    log.error("ledger: it was damaged and is kept as %s; a new one is begun, from Discord and Notion", kept)
    store = await open_store(url)
    await store.keep_note(KEPT_ASIDE, kept.name)
    return store


def _with_transcript(job: Job, body: str | None) -> Job:
    transcript = _TRANSCRIPT.validate_json(body) if body else None
    return replace(job, artifacts=replace(job.artifacts, transcript=transcript))


def _has_transcript(job: Job) -> sa.Select[tuple[bool]]:
    return sa.select(sa.exists().where(transcripts.c.job_id == job.id))


def _does_the_work(other: Job, job: Job) -> bool:
    """Whether another post's job has what this one needs, or came first and is at it."""
    if other.id == job.id or other.repost_of is not None or other.route.channel != job.route.channel:
        return False
    if other.has_ended:  # one that was answered from Notion has made nothing itself
        return other.status is JobStatus.SUCCEEDED and other.artifacts.stored is not None
    return (other.in_line_since, other.id) < (job.in_line_since, job.id)
