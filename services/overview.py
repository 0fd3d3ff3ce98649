"""What people look at: jobs by where they stand, by what they are called, and what lies before them. Reads only."""

from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from services.jobs.eta import RATES_USED, Forecast, seconds_left
from services.jobs.job import ENDED, Job, JobStatus, Place, Stage
from services.schema import IN_LINE, PLACE, jobs, rates
from services.store import JobStore

_WAITING = (JobStatus.QUEUED, JobStatus.WAITING)
_PARTS: Sequence[tuple[Collection[JobStatus], sa.ColumnElement[bool], Sequence[sa.ColumnElement[Any]]]] = (
    ({JobStatus.RUNNING}, jobs.c.status == JobStatus.RUNNING, PLACE),
    (_WAITING, jobs.c.status.in_(_WAITING), PLACE),
    (ENDED, jobs.c.ended_at.is_not(None), (jobs.c.ended_at.desc(), jobs.c.id.desc())),
)
"""The statuses of each part of the jobs; how it is found, with an index for condition and order; its order."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A part of the jobs, in the order in which people want to see them."""

    counts: Mapping[JobStatus, int]
    """Of all of them, not only of the part."""
    running: list[Job]
    waiting: list[Job]
    ended: list[Job]


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a job failed of, or waits for, where it was tried in vain."""

    status: JobStatus
    stage: Stage | None
    error: str | None
    failed_for_good: bool
    waiting_for: str | None


_TROUBLE = TypeAdapter(Trouble)


class Overview:
    """Of the ledger. `model` is the speech model that is in use: the time left is reckoned with its rates."""

    def __init__(self, store: JobStore, model: str) -> None:
        self._store = store
        self._model = model

    async def forecast(self, job: Job) -> Forecast:
        """Return a job's place in the line, or the time left of its stage."""
        return (await self.forecasts([job]))[job.id]

    async def forecasts(self, several: Sequence[Job]) -> dict[str, Forecast]:
        """Return the same of each of several jobs, by their ids."""
        places = await self._places([job for job in several if job.status is JobStatus.QUEUED and not job.repost_of])
        stages = {job.stage for job in several if job.status is JobStatus.RUNNING and job.stage}
        rates_of = {stage: await self._last_rates(stage) for stage in stages}
        return {
            job.id: Forecast(
                position=places.get(job.id),
                seconds_left=seconds_left(job, rates_of[job.stage])
                if job.status is JobStatus.RUNNING and job.stage
                else None,
            )
            for job in several
        }

    async def first_in_line(self, limit: int) -> list[str]:
        """Return the ids of the jobs that are next."""
        return list(await self._store.read(sa.select(jobs.c.id).where(IN_LINE).order_by(*PLACE).limit(limit)))

    async def channels(self) -> Collection[int]:
        """Return the ids of the channels that have jobs."""
        return set(await self._store.read(sa.select(jobs.c.channel_id).distinct()))

    async def standing(self, channels: Collection[int], *, skip: int, limit: int) -> Standing:
        """Return `limit` jobs of some channels after the first `skip`: running, then waiting, then ended last."""
        counts = await self._counted(jobs.c.channel_id.in_(channels))
        parts: list[list[Job]] = []
        for statuses, is_part, order in _PARTS:
            here = sa.select(jobs.c.id).where(is_part, jobs.c.channel_id.in_(channels))
            size = sum(counts.get(status, 0) for status in statuses)
            found = await self._bodies(here, order, skip=skip, limit=limit) if size > skip and limit else []
            parts.append(found)
            skip = max(skip - size, 0)
            limit -= len(found)
        return Standing(counts, *parts)

    async def everything(self, skips: Sequence[int], limit: int) -> Standing:
        """Return `limit` jobs of each part (running, waiting, ended last) after the first `skips`, of all channels."""
        here = [(sa.select(jobs.c.id).where(is_part), order) for _, is_part, order in _PARTS]
        parts = [await self._bodies(*part, skip=skip, limit=limit) for part, skip in zip(here, skips, strict=True)]
        return Standing(await self.counts(), *parts)

    async def counts(self) -> Mapping[JobStatus, int]:
        """Return how many jobs there are of each status."""
        return await self._counted(sa.true())

    async def in_line_since(self) -> datetime | None:
        """Return since when the job that is next has stood in line."""
        [oldest] = await self._store.read(sa.select(sa.func.min(jobs.c.queued_at)).where(IN_LINE))
        return oldest  # type: ignore[no-any-return]  # the ledger's own type: UtcDateTime

    async def troubles(self, limit: int) -> list[Trouble]:
        """Return what the last `limit` jobs failed of, and what as many that wait for another try failed of so far."""
        failed = sa.select(jobs.c.body).where(jobs.c.status == JobStatus.FAILED).order_by(jobs.c.ended_at.desc())
        waiting = sa.select(jobs.c.body).where(jobs.c.status == JobStatus.WAITING).order_by(*PLACE)
        bodies = [body for query in (failed, waiting) for body in await self._store.read(query.limit(limit))]
        return [_TROUBLE.validate_json(body) for body in bodies]

    async def search(
        self, text: str, channels: Collection[int], statuses: Collection[JobStatus], limit: int
    ) -> list[Job]:
        """Return the newest jobs of some channels whose title, link or id holds `text`."""
        is_meant = jobs.c.search_text.contains(text.casefold(), autoescape=True) | jobs.c.id.startswith(
            text, autoescape=True
        )
        found = sa.select(jobs.c.id).where(jobs.c.channel_id.in_(channels), jobs.c.status.in_(statuses), is_meant)
        return await self._bodies(found, [jobs.c.created_at.desc()], skip=0, limit=limit)

    async def failed_in_vain(self, channels: Collection[int], since: datetime) -> list[Job]:
        """Return the jobs of some channels that failed since then but may yet come to a good end, the oldest first."""
        failed = sa.select(jobs.c.body).where(jobs.c.status == JobStatus.FAILED, jobs.c.ended_at > since)
        failed = failed.where(jobs.c.channel_id.in_(channels))
        return [job for job in await self._store.fetch(failed.order_by(jobs.c.created_at)) if not job.failed_for_good]

    async def of_source(self, key: str) -> list[Job]:
        """Return the jobs of a video, the newest first."""
        same = sa.select(jobs.c.body).where(jobs.c.source_key == key)
        return await self._store.fetch(same.order_by(jobs.c.created_at.desc(), jobs.c.id))

    async def _counted(self, are_meant: sa.ColumnElement[bool]) -> Mapping[JobStatus, int]:
        counted = sa.select(jobs.c.status, sa.func.count()).where(are_meant).group_by(jobs.c.status)
        return {JobStatus(status): int(count) for status, count in await self._store.rows(counted)}

    async def _bodies(
        self, ids: sa.Select[Any], order: Sequence[sa.ColumnElement[Any]], *, skip: int, limit: int
    ) -> list[Job]:
        """Return some of the jobs whose ids a query selects: the bodies of the others are not even read."""
        chosen = sa.select(jobs.c.body).where(jobs.c.id.in_(ids.order_by(*order).offset(skip).limit(limit)))
        return await self._store.fetch(chosen.order_by(*order))

    async def _places(self, queued: Sequence[Job]) -> dict[str, int]:
        """Return the places in the line, from 1."""
        if not queued:
            return {}
        places = {job.id: job.place for job in queued}
        first, last = (_place(end(places.values())) for end in (min, max))
        place = sa.tuple_(*PLACE)
        [ahead] = await self._store.read(sa.select(sa.func.count()).select_from(jobs).where(IN_LINE, place < first))
        others = sa.select(*PLACE).where(IN_LINE, place >= first, place <= last).order_by(*PLACE)
        line = await self._store.rows(others)
        return {job_id: ahead + bisect_left(line, place) + 1 for job_id, place in places.items()}

    async def _last_rates(self, stage: Stage) -> list[float]:
        model = self._model if stage is Stage.TRANSCRIBING else ""
        query = sa.select(rates.c.rate).where(rates.c.stage == stage, rates.c.model == model)
        return list(await self._store.read(query.order_by(rates.c.id.desc()).limit(RATES_USED)))


def _place(place: Place) -> sa.Tuple:
    """Return a place as the ledger compares it."""
    return sa.tuple_(*(sa.literal(part, column.type) for part, column in zip(place, PLACE, strict=True)))
