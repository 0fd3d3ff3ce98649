"""What a queue of jobs is to those who ask for videos and steer them."""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, Protocol

from config.notion_config import ChannelRoute
from services.jobs.job import Job, Stage

Run = Callable[[Job], Coroutine[Any, Any, Job]]
Cancel = Callable[[Job, str], Awaitable[Job]]


class JobQueue(Protocol):
    """In the bot's own process (local.py), or over several (postgres.py). It observes the jobs itself."""

    async def submit(self, jobs: Iterable[Job]) -> list[Job]:
        """Take the jobs of one message. Returns those that the ledger did not have yet."""

    async def restore(self) -> list[Job]:
        """Take up and return what the ledger holds unfinished. To be awaited before anything is submitted."""

    async def serve(self, run: Run, cancel: Cancel) -> None:
        """Run jobs until cancelled; `cancel` records the end of one that somebody cancelled."""

    async def cancel(self, job_id: str, by: str) -> bool:
        """End a job, waiting or running. False: it has ended already.

        Raises:
            KeyError: the ledger has no such job.
        """

    async def retry(self, job_id: str, route: ChannelRoute | None = None) -> bool:
        """Go on with a job that failed or was cancelled, on another route if need be. False: it did not end so.

        Raises:
            KeyError: the ledger has no such job.
        """

    async def reprocess(self, job_id: str) -> bool:
        """Do an ended job anew, from the very start. False: it has not ended.

        Raises:
            KeyError: the ledger has no such job.
        """

    def wake(self, stage: Stage) -> None:
        """Try the postponed jobs of a stage now: what they wait for is known to be back. Once for each of them."""

    def notice(self, job: Job) -> None:
        """Take note of what became of a job."""
