"""What people see on the message itself: one reaction that follows the work, and a reply when it has ended."""

from collections.abc import Iterable
from dataclasses import dataclass

import discord

from cogs import views
from cogs.discord_errors import named_errors
from services.jobs.job import Job, Origin, least_advanced
from services.pipeline.projection import Projection
from services.store import JobStore

_NONCE_LENGTH = 25
"""Characters that Discord takes as a message's nonce."""
_LOOK_BACK = 100
"""Messages among which a restarted bot looks for its own reply."""


@dataclass(frozen=True, slots=True)
class _Ending:
    job: Job
    may_be_answered: bool
    """By an earlier run of the bot, which did not live to record it."""


class Progress:
    """An observer of jobs. Of several videos in a message the least advanced one speaks."""

    names = ("reaction", "reply")
    """Of the reports of a job's end."""

    def __init__(self, client: discord.Client, store: JobStore) -> None:
        self._client = client
        self._store = store
        self._jobs: dict[int, dict[str, Job]] = {}
        self._noticed: dict[int, str] = {}
        self._shown: dict[int, str] = {}
        self._reactions: Projection[int, tuple[Job, ...]] = Projection("reaction", self._react)
        self._replies: Projection[str, _Ending] = Projection("reply", self._reply)

    def notice(self, job: Job) -> None:
        message_id = job.origin.message_id
        jobs = self._jobs.setdefault(message_id, {})
        is_news = job.id not in jobs
        jobs[job.id] = job
        emoji = views.emoji(least_advanced(jobs.values()))
        if emoji != self._noticed.get(message_id):
            self._noticed[message_id] = emoji
            self._reactions.push(message_id, tuple(jobs.values()))
        if job.has_ended:
            self._replies.push(job.id, _Ending(job, may_be_answered=is_news))
        if all(other.has_ended for other in jobs.values()):
            del self._jobs[message_id], self._noticed[message_id]

    async def drain(self) -> None:
        await self._reactions.drain()
        await self._replies.drain()

    async def aclose(self) -> None:
        await self._reactions.aclose()
        await self._replies.aclose()

    async def _react(self, message_id: int, noticed: tuple[Job, ...]) -> None:
        """Show one reaction for all jobs of the message, also for those that had ended when an edit brought others."""
        jobs = {job.id: job for job in (*await self._store.of_message(message_id), *noticed)}
        emoji = views.emoji(least_advanced(jobs.values()))
        message = self._message(noticed[0].origin)
        known = self._shown.pop(message_id, None)  # for good, should this fail: then Discord is asked
        with named_errors():
            shown = {known} if known else await self._shown_on(message, jobs.values())
            for other in shown - {emoji}:
                await message.remove_reaction(other, self._me)
            await message.add_reaction(emoji)
        if not all(job.has_ended for job in jobs.values()):
            self._shown[message_id] = emoji
            return
        for job_id in jobs:
            await self._store.keep_report(job_id, "reaction")

    async def _shown_on(self, message: discord.PartialMessage, jobs: Iterable[Job]) -> set[str]:
        """Return the bot's own reactions; Discord is asked only where there may be another one than the first."""
        if all(views.emoji(job) == views.WAITING for job in jobs):
            return set()
        return {str(found.emoji) for found in (await message.fetch()).reactions if found.me}

    async def _reply(self, job_id: str, ending: _Ending) -> None:
        if await self._store.find_report(job_id, "reply") is not None:
            return
        message = self._message(ending.job.origin)
        text = views.reply(ending.job)
        with named_errors():
            if not (ending.may_be_answered and await self._is_answered(message, text)):
                await message.channel.send(
                    text,
                    reference=message.to_reference(fail_if_not_exists=False),
                    allowed_mentions=discord.AllowedMentions.none(),
                    suppress_embeds=True,
                    nonce=job_id[-_NONCE_LENGTH:],  # Discord makes no second message of one nonce for some minutes
                )
        await self._store.keep_report(job_id, "reply")

    async def _is_answered(self, message: discord.PartialMessage, text: str) -> bool:
        async for reply in message.channel.history(limit=_LOOK_BACK, after=message, oldest_first=False):
            answers = reply.reference.message_id if reply.reference else None
            if (reply.author.id, answers, reply.content) == (self._me.id, message.id, text):
                return True
        return False

    def _message(self, origin: Origin) -> discord.PartialMessage:
        channel = self._client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)
        return channel.get_partial_message(origin.message_id)

    @property
    def _me(self) -> discord.ClientUser:
        assert self._client.user, "reports are made once the bot is logged in"  # noqa: S101 (for the type checker)
        return self._client.user
