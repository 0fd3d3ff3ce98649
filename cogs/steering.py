"""Cancel, retry, reprocess: what people ask of a job, wherever they ask it."""

import logging
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from cogs.lookup import Lookup
from cogs.rights import Interaction, RefusedError, Rights
from cogs.views.text import title
from services.jobs.job import ENDED, ON_THEIR_WAY, STOPPED, Job, JobStatus
from services.overview import Overview
from services.queue.protocol import JobQueue
from services.words import readable

log = logging.getLogger(__name__)

ALL = "all"
"""What /retry takes for: every video that failed and may yet come to a good end."""
_RECENT = timedelta(days=7)


class Steering:
    """Each method returns the sentence that answers the asker.

    Raises:
        RefusedError: there is no such video, or it is not theirs to steer.
    """

    def __init__(
        self, queue: JobQueue, overview: Overview, lookup: Lookup, rights: Rights, clock: Callable[[], datetime]
    ) -> None:
        self._queue = queue
        self._overview = overview
        self._lookup = lookup
        self._rights = rights
        self._clock = clock

    async def cancel(self, interaction: Interaction, text: str) -> str:
        asker = readable(self._rights.member_of(interaction).display_name)
        jobs = await self._theirs(interaction, text, ON_THEIR_WAY)
        done = [job for job in jobs if await self._queue.cancel(job.id, by=asker)]
        return _answer(interaction, "cancelled", done, jobs, "has ended already")

    async def retry(self, interaction: Interaction, text: str) -> str:
        if text.strip().casefold() == ALL:
            return await self._retry_all(interaction)
        jobs = await self._theirs(interaction, text, STOPPED)
        done = [job for job in jobs if await self._queue.retry(job.id)]
        return _answer(interaction, "tried again", done, jobs, "neither failed nor was cancelled")

    async def reprocess(self, interaction: Interaction, text: str) -> str:
        jobs = await self._theirs(interaction, text, ENDED)
        done = [job for job in jobs if await self._queue.reprocess(job.id)]
        return _answer(interaction, "done anew", done, jobs, "is on its way: cancel it first")

    async def _retry_all(self, interaction: Interaction) -> str:
        channels = await self._rights.visible(interaction, await self._overview.channels())
        failed = await self._overview.failed_in_vain(channels, self._clock() - _RECENT)
        theirs = [job for job in failed if await self._rights.may_act(interaction, job)]
        done = [job for job in theirs if await self._queue.retry(job.id)]
        log.info("%d jobs: tried again by %s", len(done), interaction.user)
        if not done:
            return "None of the videos that failed in the last 7 days would end otherwise if you tried it again."
        return f"{len(done)} video{'s are' if len(done) > 1 else ' is'} tried again."

    async def _theirs(self, interaction: Interaction, text: str, wanted: Collection[JobStatus]) -> Sequence[Job]:
        """Return the jobs that are meant, of one post.

        Where a link names the same video in several messages, that is the newest post of the asker's whose jobs are in
        a `wanted` status, else the newest of theirs.
        """
        found = await self._lookup.find(interaction, text)
        theirs = [job for job in found if await self._rights.may_act(interaction, job)]
        if not theirs:
            raise RefusedError("Only the poster, and those who may manage messages in its channel, can do that.")
        meant = next((job for job in theirs if job.status in wanted), theirs[0])
        return [job for job in theirs if job.post == meant.post]


def _answer(interaction: Interaction, what: str, done: Sequence[Job], jobs: Sequence[Job], else_: str) -> str:
    for job in done:
        log.info("%s: %s by %s", job.id, what, interaction.user)
    if done:
        return f"{', '.join(title(job) for job in done[:5])}: {what}."
    return f"{', '.join(title(job) for job in jobs[:5])}: it {else_}."
