"""Jobs that wait until an operator has mended something at a provider: one of them tries, now and then, for all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from services.jobs.job import Job, JobStatus, Place, Stage


@dataclass(slots=True)
class _Lane:
    held: dict[str, tuple[Stage | None, Place]] = field(default_factory=dict)
    """Job ids, the stage that each of them could not pass, and its place in the line."""
    probe: str | None = None
    """The job that is trying."""


class Lanes:
    """One lane a provider. `release` lets a job stand in line again; `probe_s` is the time between two tries."""

    def __init__(self, release: Callable[[Place], None], probe_s: float) -> None:
        self._release = release
        self._probe_s = probe_s
        self._lanes: dict[str, _Lane] = {}

    def notice(self, job: Job) -> None:
        """Take in a job that is held up; open the lane once its probe has passed."""
        if job.waiting_for:
            lane = self._lanes.setdefault(job.waiting_for, _Lane())
            lane.held.pop(job.id, None)  # at the end of the line: one that can never pass must not keep the others
            lane.held[job.id] = job.stage, job.place
            if len(lane.held) == 1 or lane.probe == job.id:
                self._probe_later(job.waiting_for)
            return
        for provider, lane in list(self._lanes.items()):
            if job.id in lane.held and (job.has_ended or job.stage is not lane.held[job.id][0]):
                del lane.held[job.id]
                self._passed(provider, lane, job)

    def _passed(self, provider: str, lane: _Lane, job: Job) -> None:
        if lane.probe != job.id:
            return
        if job.status is JobStatus.CANCELLED and lane.held:  # it tells nothing of the provider
            self._probe_later(provider)
            return
        del self._lanes[provider]
        for _, place in lane.held.values():
            self._release(place)

    def _probe_later(self, provider: str) -> None:
        asyncio.get_running_loop().call_later(self._probe_s, self._probe, provider)

    def _probe(self, provider: str) -> None:
        lane = self._lanes.get(provider)
        if lane and lane.held:
            lane.probe, (_, place) = next(iter(lane.held.items()))
            self._release(place)
