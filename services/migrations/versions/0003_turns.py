"""Whose turn it is in the line, and whose job it is."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("author_id", sa.BigInteger))
    op.add_column("jobs", sa.Column("turn", sa.Integer, nullable=False, server_default="0"))
    jobs = sa.table("jobs", *map(sa.column, ("id", "body", "author_id")))
    for row in op.get_bind().execute(sa.select(jobs.c.id, jobs.c.body)).all():
        author_id = json.loads(row.body)["origin"]["author_id"]
        op.get_bind().execute(jobs.update().where(jobs.c.id == row.id).values(author_id=author_id))
    op.drop_index("ix_jobs_line")
    op.create_index("ix_jobs_line", "jobs", ["status", "turn", "queued_at", "id", "channel_id", "repost_of"])
    op.create_index("ix_jobs_poster", "jobs", ["author_id", "turn", "status"])
    op.create_index("ix_jobs_turn", "jobs", ["turn", "status"])
