"""Who is told of jobs."""

from typing import Protocol

from services.jobs.job import Job


class Observer(Protocol):
    """Is told of every recorded job."""

    def notice(self, job: Job) -> None:
        """Take note, at once and without fail; the report itself happens later."""
