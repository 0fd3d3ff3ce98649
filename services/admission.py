"""How much of a message is taken: one poster must not fill the line, the ledger and the channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import sqlalchemy as sa

from services.jobs.job import ON_THEIR_WAY, Job, Origin
from services.schema import jobs
from services.store import JobStore

_MINUTE = 60_000 << 22
"""In Discord's ids, whose upper bits count milliseconds."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many videos one poster may ask for."""

    message: int = 20
    """With one message."""
    poster: int = 50
    """On their way at once."""
    minute: int = 60
    """Posted within a minute, by the time of their posting: a bot that was away refuses nobody for catching up."""


class Limit(Enum):
    """What keeps a video from being taken."""

    MESSAGE = auto()
    POSTER = auto()
    MINUTE = auto()


@dataclass(frozen=True, slots=True)
class Admitted:
    """What becomes of a message's videos."""

    jobs: Sequence[Job]
    """Those that are taken, the first of the message."""
    refused: int = 0
    limit: Limit | None = None
    allowed: int = 0
    """What the limit is."""


class Admission:
    """Asks the ledger; whoever is admitted must be in it before the next one asks."""

    def __init__(self, store: JobStore, limits: Limits) -> None:
        self._store = store
        self._limits = limits

    async def of_message(self, asked: Sequence[Job]) -> Admitted:
        """Take the first videos of a message that was posted or edited, however often it is read."""
        known = await self._known(asked)
        first, others = asked[: self._limits.message], asked[self._limits.message :]
        new = [job for job in first if job.id not in known]
        over = sum(job.id not in known for job in others)
        if not new:
            return self._admit(new, over, {})
        origin = new[0].origin
        return self._admit(
            new,
            over,
            {
                Limit.POSTER: self._limits.poster - await self._on_their_way(origin),
                Limit.MINUTE: self._limits.minute - await self._within_a_minute(origin),
            },
        )

    async def of_message_again(self, asked: Sequence[Job]) -> Admitted:
        """Take the next videos of a message that a person points at: those that it was not taken for yet."""
        known = await self._known(asked)
        new = [job for job in asked if job.id not in known]
        first, others = new[: self._limits.message], new[self._limits.message :]
        if not new:
            return Admitted([])
        return self._admit(
            first, len(others), {Limit.POSTER: self._limits.poster - await self._on_their_way(new[0].origin)}
        )

    def _admit(self, new: Sequence[Job], over: int, room: Mapping[Limit, int]) -> Admitted:
        """Take of the new ones as many as there is room for; `over` others are too many for one message."""
        scarcest = min(room, key=lambda limit: room[limit], default=Limit.MESSAGE)
        taken = new[: max(room.get(scarcest, 0), 0)]
        refused = len(new) - len(taken)
        if refused + over == 0:
            return Admitted(taken)
        limit = scarcest if refused else Limit.MESSAGE
        allowed = {
            Limit.MESSAGE: self._limits.message,
            Limit.POSTER: self._limits.poster,
            Limit.MINUTE: self._limits.minute,
        }
        return Admitted(taken, refused + over, limit, allowed[limit])

    async def _known(self, asked: Sequence[Job]) -> set[str]:
        if not asked:
            return set()
        return set(await self._store.read(sa.select(jobs.c.id).where(jobs.c.message_id == asked[0].origin.message_id)))

    async def _on_their_way(self, origin: Origin) -> int:
        return await self._count(jobs.c.author_id == origin.author_id, jobs.c.status.in_(ON_THEIR_WAY))

    async def _within_a_minute(self, origin: Origin) -> int:
        span = jobs.c.message_id.between(origin.message_id - _MINUTE, origin.message_id)
        return await self._count(jobs.c.author_id == origin.author_id, span)

    async def _count(self, *conditions: sa.ColumnElement[bool]) -> int:
        [count] = await self._store.read(sa.select(sa.func.count()).select_from(jobs).where(*conditions))
        return int(count)
