"""The ledger's tables, and a job as a row of them."""

from dataclasses import replace
from datetime import datetime, timezone

import sqlalchemy as sa
from pydantic import TypeAdapter

from services.jobs.job import Job, JobStatus

JOB = TypeAdapter(Job)
_SEARCHED = 300
"""Characters of title and link that a search looks at."""


class UtcDateTime(sa.TypeDecorator[datetime]):
    """SQLite gives naive datetimes back, Postgres those of some zone; ours are always UTC."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and value.astimezone(timezone.utc)

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None or value.tzinfo is None:
            return value and value.replace(tzinfo=timezone.utc)
        return value.astimezone(timezone.utc)  # Postgres answers in its session's zone


metadata = sa.MetaData()

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", sa.String, primary_key=True),
    sa.Column("message_id", sa.BigInteger, nullable=False),
    sa.Column("channel_id", sa.BigInteger),
    sa.Column("author_id", sa.BigInteger),
    sa.Column("source_key", sa.String, nullable=False),
    sa.Column("status", sa.String, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("queued_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("repost_of", sa.String),
    sa.Column("search_text", sa.String),
    sa.Column("holder", sa.String),
    sa.Column("body", sa.Text, nullable=False),
)

IN_LINE = (jobs.c.status == JobStatus.QUEUED) & jobs.c.repost_of.is_(None)
PLACE = (jobs.c.turn, jobs.c.queued_at, jobs.c.id)
"""A job's place as the ledger has it: the order of the line."""

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

rates = sa.Table(
    "rates",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("stage", sa.String, nullable=False),
    sa.Column("model", sa.String, nullable=False),
    sa.Column("rate", sa.Float, nullable=False),
)


def row_of(job: Job) -> dict[str, object]:
    """Return a job's row: its body, without the transcript, and the columns that it is looked for by."""
    light = replace(job, artifacts=replace(job.artifacts, transcript=None))
    return {
        "id": job.id,
        "message_id": job.origin.message_id,
        "channel_id": job.origin.channel_id,
        "author_id": job.origin.author_id,
        "source_key": job.source.key,
        "status": job.status.value,
        "created_at": job.created_at,
        "turn": job.turn,
        "queued_at": job.in_line_since,
        "ended_at": job.ended_at,
        "repost_of": job.repost_of,
        "search_text": f"{job.title} {job.source.label}".casefold()[:_SEARCHED].replace("\0", ""),
        "holder": job.holder,
        "body": JOB.dump_json(light).decode(),
    }
