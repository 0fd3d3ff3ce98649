"""Whose turn it is: the line goes in rounds, and in each of them every poster has one job."""

import sqlalchemy as sa

from services.jobs.job import JobStatus
from services.schema import IN_LINE, PLACE, jobs
from services.store import JobStore

_TURN = sa.select(jobs.c.turn).order_by(jobs.c.turn.desc()).limit(1)


async def next_turn(store: JobStore, poster: int) -> int:
    """Return the round of a poster's next job: the one that is being served, or that after his last job's.

    This is start-time fair queueing (Goyal, Vin and Cheng, 1996) with jobs of one size: who posts seldom waits for one
    job of each of the others, however many of them wait. A round lies in the job and its row, so that a restart keeps
    it and the ledger can count who is ahead. All flows of the webhook are one poster, whose id is 0.
    """
    of_poster = _TURN.where(jobs.c.author_id == poster, jobs.c.status != JobStatus.CANCELLED)
    own = [turn + 1 for turn in await store.read(of_poster)]
    return max([*await _served(store), *own], default=0)


async def _served(store: JobStore) -> list[int]:
    """Return the round of the last job that was taken out of the line; none where there was none."""
    head = await store.read(sa.select(jobs.c.turn).where(IN_LINE).order_by(*PLACE).limit(1))
    if not head:
        return await store.read(_TURN)
    taken = _TURN.where(jobs.c.turn <= head[0], jobs.c.status.not_in([JobStatus.QUEUED, JobStatus.CANCELLED]))
    return await store.read(taken) or head
