"""A job as one line of Postgres' NOTIFY, which takes no more than 8000 bytes."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping

from services.jobs.job import Job
from services.schema import JOB

CHANNEL = "auditscribe_jobs"
_MOST = 7900


def announcement(row: Mapping[str, object], sender: str) -> str:
    """Return `sender id body` of a job's row, the body packed; without a body where that is too long."""
    head, body = f"{sender} {row['id']} ", b64encode(zlib.compress(str(row["body"]).encode())).decode()
    return head + body if len(head + body) <= _MOST else head


def read_announcement(told: str) -> tuple[str, str, Job | None]:
    """Return the sender, the job's id, and the job; None where the ledger must be asked for it."""
    sender, job_id, body = told.split(" ", 2)
    return sender, job_id, JOB.validate_json(zlib.decompress(b64decode(body))) if body else None
