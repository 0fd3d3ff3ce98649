"""Cards that nothing tells of: whoever sent them did not live to record it, or got no answer."""

from dataclasses import dataclass
from datetime import datetime

import discord

from cogs.buttons import job_id_of
from services.jobs.job import Job

_NEWEST, _NEXT = 1000, 100
"""The messages that are looked at: a channel's newest, among which is what was sent just before a kill, and those that
came next after an older post, where its card is if the ledger was lost since."""


@dataclass(frozen=True, slots=True)
class _Newest:
    """The cards among a channel's newest messages: ids by job. All messages after `since` were looked at."""

    cards: dict[str, str]
    since: int


class EarlierCards:
    """Finds them by their buttons. A channel's newest messages are read once, and once more after each lost answer."""

    def __init__(self, client: discord.Client, started_at: datetime) -> None:
        self._client = client
        self._started_at = started_at
        self._newest: dict[int, _Newest] = {}
        self._unanswered: set[str] = set()

    def no_answer(self, job: Job) -> None:
        """Discord may have made this job's card, or not."""
        self._unanswered.add(job.id)
        self._newest.pop(job.origin.channel_id, None)

    async def find(self, job: Job, posted: discord.PartialMessage) -> str | None:
        """Return the id of the card of a job that was posted before the bot's start, or that got no answer."""
        if job.origin.posted_at >= self._started_at and job.id not in self._unanswered:
            return None
        newest = self._newest.get(posted.channel.id)
        if newest is None:
            newest = self._newest[posted.channel.id] = await self._read(posted.channel)
        if job.id in newest.cards or newest.since <= posted.id:
            return newest.cards.get(job.id)
        async for message in posted.channel.history(limit=_NEXT, after=posted, oldest_first=True):
            if message.author == self._client.user and job_id_of(message) == job.id:
                return str(message.id)
        return None

    async def _read(self, channel: discord.abc.Messageable) -> _Newest:
        messages = [message async for message in channel.history(limit=_NEWEST)]
        own = [(job_id_of(message), str(message.id)) for message in messages if message.author == self._client.user]
        since = messages[-1].id if len(messages) == _NEWEST else 0
        return _Newest({job_id: card_id for job_id, card_id in own if job_id}, since)
