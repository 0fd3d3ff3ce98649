"""PURE: how long the rest of a stage will take, from how fast it went before."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from services.jobs.job import Job, Stage

RATES_USED = 20
"""The last ones count."""
_FEWEST = 5
"""With fewer, any estimate would be a guess."""


@dataclass(frozen=True, slots=True)
class Rate:
    """How fast a stage was: bytes a second, for Transcribing seconds of sound a second."""

    stage: Stage
    model: str
    """The speech model, where the stage has one; else empty."""
    per_second: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """What lies before a job."""

    position: int | None = None
    """In the line, from 1; None for a job that does not stand in it."""
    seconds_left: float | None = None
    """Of its stage; None where nothing can be told."""


def rate_of(stage: Stage, job: Job, seconds: float) -> Rate | None:
    """Return how fast a stage's work was that has just been done; None where that cannot be told."""
    work = _work_in(stage, job)
    transcript = job.artifacts.transcript if stage is Stage.TRANSCRIBING else None
    if not work or seconds <= 0:
        return None
    return Rate(stage, (transcript and transcript.model) or "", work / seconds)


def seconds_left(job: Job, rates: Sequence[float]) -> float | None:
    """Return the seconds that a running job's stage still takes; `rates` are the stage's last ones, work a second."""
    work = _work_in(job.stage, job) if job.stage else None
    if work is None or len(rates) < _FEWEST:
        return None
    return (1 - (job.progress or 0)) * work / median(rates)


def _work_in(stage: Stage, job: Job) -> float | None:
    """Return the size of a stage's work: bytes to move, or seconds of sound; None where it is not known."""
    metadata, media = job.artifacts.metadata, job.artifacts.media
    match stage:
        case Stage.DOWNLOADING if metadata:
            return metadata.expected_bytes
        case Stage.TRANSCRIBING if media:
            return media.duration_s if media.audio else None
        case Stage.TRANSCRIBING if metadata:  # the sound is still coming
            return metadata.duration_s
        case Stage.UPLOADING if media:
            return sum(file.size for file in (media.video, media.audio) if file)
    return None
