"""The one reaction on a message, which follows the work on its videos."""

import asyncio
from collections.abc import Iterable
from weakref import WeakValueDictionary

import discord

from cogs.discord_errors import named_errors
from cogs.views.text import WAITING, emoji
from services.jobs.job import Job, Origin, least_advanced
from services.pipeline.projection import Projection
from services.store import JobStore


class Reactions:
    """An observer of jobs. Of several videos in a message the least advanced one speaks."""

    name = "reaction"
    """Of the report of a job's end."""

    def __init__(self, client: discord.Client, store: JobStore) -> None:
        self._client = client
        self._store = store
        self._jobs: dict[int, dict[str, Job]] = {}
        self._noticed: dict[int, str] = {}
        self._shown: dict[int, str] = {}
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        """One at a time in a channel, where adding and removing share a limit: discord.py learns of that too late."""
        self._reactions: Projection[int, tuple[Job, ...]] = Projection("reaction", self._react)

    def notice(self, job: Job) -> None:
        message_id = job.origin.message_id
        if not job.origin.is_message:
            return
        jobs = self._jobs.setdefault(message_id, {})
        jobs[job.id] = job
        shows = emoji(least_advanced(jobs.values()))
        if shows != self._noticed.get(message_id):
            self._noticed[message_id] = shows
            self._reactions.push(message_id, tuple(jobs.values()))
        if all(other.has_ended for other in jobs.values()):
            del self._jobs[message_id], self._noticed[message_id]

    async def drain(self) -> None:
        await self._reactions.drain()

    async def aclose(self) -> None:
        await self._reactions.aclose()

    async def _react(self, message_id: int, noticed: tuple[Job, ...]) -> None:
        """Show one reaction for all jobs of the message, also for those that had ended when an edit brought others."""
        jobs = {job.id: job for job in (*await self._store.of_message(message_id), *noticed)}
        shows = emoji(least_advanced(jobs.values()))
        message = self._message(noticed[0].origin)
        turn = self._turns.setdefault(noticed[0].origin.channel_id, asyncio.Lock())
        known = self._shown.pop(message_id, None)  # for good, should this fail: then Discord is asked
        with named_errors():
            shown = {known} if known else await self._shown_on(message, jobs.values())
            async with turn:
                for other in shown - {shows}:
                    await message.remove_reaction(other, self._me)
                await message.add_reaction(shows)
        if not all(job.has_ended for job in jobs.values()):
            self._shown[message_id] = shows
            return
        for job_id in jobs:
            await self._store.keep_report(job_id, self.name)

    async def _shown_on(self, message: discord.PartialMessage, jobs: Iterable[Job]) -> set[str]:
        """Return the bot's own reactions; Discord is asked only where there may be another one than the first."""
        if all(emoji(job) == WAITING and not job.queued_at for job in jobs):
            return set()
        return own_reactions(await message.fetch())

    def _message(self, origin: Origin) -> discord.PartialMessage:
        channel = self._client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)
        return channel.get_partial_message(origin.message_id)

    @property
    def _me(self) -> discord.ClientUser:
        assert self._client.user, "reports are made once the bot is logged in"  # noqa: S101 (for the type checker)
        return self._client.user


def own_reactions(message: discord.Message) -> set[str]:
    """Return the emoji with which the bot itself has reacted."""
    return {str(found.emoji) for found in message.reactions if found.me}


async def remove_own_reactions(message: discord.Message) -> None:
    """Remove what a ledger that is lost had shown: the present one would leave it beside its own."""
    if message.guild:
        for emoji_shown in own_reactions(message):
            await message.remove_reaction(emoji_shown, message.guild.me)
