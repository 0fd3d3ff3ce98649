"""What people look for jobs by; and how fast stages were, for the time left."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_NEW = ("channel_id", "queued_at", "repost_of", "search_text")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("channel_id", sa.BigInteger))
    op.add_column("jobs", sa.Column("queued_at", sa.DateTime(timezone=True)))
    op.add_column("jobs", sa.Column("repost_of", sa.String))
    op.add_column("jobs", sa.Column("search_text", sa.String))
    _fill_new_columns(op.get_bind())
    op.drop_index("ix_jobs_status")
    op.drop_index("ix_jobs_ended_at")
    op.create_index("ix_jobs_line", "jobs", ["status", "queued_at", "id", "channel_id", "repost_of"])
    op.create_index("ix_jobs_ended", "jobs", ["ended_at", "id", "channel_id"])
    op.create_index("ix_jobs_repost_of", "jobs", ["repost_of"])
    op.create_index("ix_jobs_found", "jobs", ["status", "created_at", "channel_id", "search_text", "id"])
    op.create_table(
        "rates",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("stage", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("rate", sa.Float, nullable=False),
    )
    op.create_index("ix_rates_last", "rates", ["stage", "model", "id"])


def _fill_new_columns(connection: sa.Connection) -> None:
    jobs = sa.table("jobs", *map(sa.column, ("id", "body", "created_at", *_NEW)))
    for row in connection.execute(sa.select(jobs.c.id, jobs.c.body, jobs.c.created_at)).all():
        job = json.loads(row.body)
        metadata, source = job["artifacts"]["metadata"] or {}, job["source"]
        label = source.get("filename") or source.get("url") or source["video_id"]
        values = {
            "channel_id": job["origin"]["channel_id"],
            "queued_at": row.created_at,
            "repost_of": job.get("repost_of"),
            "search_text": f"{metadata.get('title', label)} {label}".casefold()[:300],
        }
        connection.execute(jobs.update().where(jobs.c.id == row.id).values(values))
