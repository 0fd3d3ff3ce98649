"""What a stage is: does one thing; never logs, retries, stores or reports."""

from pathlib import Path
from typing import Protocol, TypeVar

from services.jobs.job import Artifacts, Job, Stage
from services.media import Progress

Made = TypeVar("Made")


class StageStep(Protocol):
    """One step of a job. It may be run twice: what it makes outside, it finds before it makes."""

    @property
    def name(self) -> Stage: ...

    def is_done(self, artifacts: Artifacts) -> bool:
        """Ask the world whether what this stage makes is there already."""

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        """Return the artifacts with what this stage made."""


def need(made: Made | None, what: str) -> Made:
    """Return what an earlier stage must have made."""
    if made is None:
        raise LookupError(f"an earlier stage left no {what}")
    return made
