"""What people see on the message itself: one reaction that follows the work, and a reply when it has ended."""

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
class _Reaction:
    origin: Origin
    emoji: str
    ended: tuple[str, ...]
    """The message's jobs, when this is its last reaction."""


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
        self._shown: dict[int, set[str]] = {}
        self._reactions: Projection[int, _Reaction] = Projection("reaction", self._react)
        self._replies: Projection[str, _Ending] = Projection("reply", self._reply)

    def notice(self, job: Job) -> None:
        message_id = job.origin.message_id
        jobs = self._jobs.setdefault(message_id, {})
        is_news = job.id not in jobs
        jobs[job.id] = job
        all_ended = all(other.has_ended for other in jobs.values())
        emoji = views.emoji(least_advanced(jobs.values()))
        if emoji != self._noticed.get(message_id):
            self._noticed[message_id] = emoji
            self._reactions.push(message_id, _Reaction(job.origin, emoji, tuple(jobs) if all_ended else ()))
        if job.has_ended:
            self._replies.push(job.id, _Ending(job, may_be_answered=is_news))
        if all_ended:
            del self._jobs[message_id], self._noticed[message_id]

    async def drain(self) -> None:
        await self._reactions.drain()
        await self._replies.drain()

    async def aclose(self) -> None:
        await self._reactions.aclose()
        await self._replies.aclose()

    async def _react(self, message_id: int, reaction: _Reaction) -> None:
        message = self._message(reaction.origin)
        with named_errors():
            shown = await self._shown_on(message, reaction)
            while shown:
                await message.remove_reaction(next(iter(shown)), self._me)
                shown.pop()
            await message.add_reaction(reaction.emoji)
        shown.add(reaction.emoji)
        for job_id in reaction.ended:
            await self._store.keep_report(job_id, "reaction")
        if reaction.ended:
            del self._shown[message_id]

    async def _shown_on(self, message: discord.PartialMessage, reaction: _Reaction) -> set[str]:
        """Return the bot's other reactions; Discord is asked only where an earlier run of the bot may have left one."""
        if message.id not in self._shown:
            left: set[str] = set()
            if reaction.emoji != views.WAITING:
                left = {str(found.emoji) for found in (await message.fetch()).reactions if found.me}
            self._shown[message.id] = left - {reaction.emoji}
        return self._shown[message.id]

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
