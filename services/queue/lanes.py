"""Jobs that wait until an operator has mended something at a provider: one of them tries, now and then, for all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from services.jobs.job import Job, JobStatus, Stage


@dataclass(slots=True)
class _Lane:
    held: dict[str, Stage | None] = field(default_factory=dict)
    """Job ids, and the stage that each of them could not pass."""
    probe: str | None = None
    """The job that is trying."""


class Lanes:
    """One lane a provider. `release` lets a job run again; `probe_s` is the time between two tries."""

    def __init__(self, release: Callable[[str], None], probe_s: float) -> None:
        self._release = release
        self._probe_s = probe_s
        self._lanes: dict[str, _Lane] = {}

    def notice(self, job: Job) -> None:
        """Take in a job that is held up; open the lane once its probe has passed."""
        if job.waiting_for:
            lane = self._lanes.setdefault(job.waiting_for, _Lane())
            lane.held.pop(job.id, None)  # at the end of the line: one that can never pass must not keep the others
            lane.held[job.id] = job.stage
            if len(lane.held) == 1 or lane.probe == job.id:
                self._probe_later(job.waiting_for)
            return
        for provider, lane in list(self._lanes.items()):
            if job.id in lane.held and (job.has_ended or job.stage is not lane.held[job.id]):
                del lane.held[job.id]
                self._passed(provider, lane, job)

    def _passed(self, provider: str, lane: _Lane, job: Job) -> None:
        if lane.probe != job.id:
            return
        if job.status is JobStatus.CANCELLED and lane.held:  # it tells nothing of the provider
            self._probe_later(provider)
            return
        del self._lanes[provider]
        for job_id in lane.held:
            self._release(job_id)

    def _probe_later(self, provider: str) -> None:
        asyncio.get_running_loop().call_later(self._probe_s, self._probe, provider)

    def _probe(self, provider: str) -> None:
        lane = self._lanes.get(provider)
        if lane and lane.held:
            lane.probe = next(iter(lane.held))
            self._release(lane.probe)
