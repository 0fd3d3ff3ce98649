"""What Discord tells of sessions and messages, handed on to those who deal with it."""

from collections.abc import Iterable
from datetime import timedelta

import discord
from discord.ext import commands

from cogs.catch_up import CatchUp
from cogs.intake import Intake
from services.jobs.job import JobStatus
from services.queue.protocol import JobQueue
from services.store import JobStore

_WAITS = (JobStatus.QUEUED, JobStatus.WAITING)
_NEWS = timedelta(hours=2)
"""How old an edit may be, as far as this machine's clock can tell: one that is an hour wrong must not hide any."""


class Listener(commands.Cog):
    """Listens to every message: the others know which ones are theirs."""

    def __init__(self, catch_up: CatchUp, intake: Intake, queue: JobQueue, store: JobStore) -> None:
        self._catch_up = catch_up
        self._intake = intake
        self._queue = queue
        self._store = store

    async def serve(self, bot: commands.Bot) -> None:
        """Catch up until cancelled; from then on nothing new is listened to."""
        try:
            await self._catch_up.serve()
        finally:
            await bot.remove_cog(self.qualified_name)

    async def cog_unload(self) -> None:
        await self._catch_up.settle()

    @commands.Cog.listener()
    async def on_connect(self) -> None:
        """A new session: nothing of what came before it is replayed."""
        self._catch_up.begin_session()

    @commands.Cog.listener()
    async def on_guild_available(self, _: discord.Guild) -> None:
        """A server of the new session, or one that was out of order: its channels are known now."""
        self._catch_up.read_everywhere()

    @commands.Cog.listener()
    async def on_guild_join(self, _: discord.Guild) -> None:
        self._catch_up.read_everywhere()

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        await self._catch_up.take(message)

    @commands.Cog.listener()
    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """An edit; a preview of a link or a pin comes as one too, with the moment of the last real one if any."""
        edited_at = payload.message.edited_at
        if edited_at is None or discord.utils.utcnow() - edited_at > _NEWS:
            return
        async with self._catch_up.turn_of(payload.channel_id):
            if not await self._catch_up.is_history(payload.message):
                await self._intake.take(payload.message)

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._cancel(payload.channel_id, [payload.message_id])

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        await self._cancel(payload.channel_id, payload.message_ids)

    async def _cancel(self, channel_id: int, message_ids: Iterable[int]) -> None:
        """Cancel the messages' jobs that wait."""
        async with self._catch_up.turn_of(channel_id):
            for message_id in message_ids:
                for job in await self._store.of_message(message_id):
                    if job.status in _WAITS:
                        await self._queue.cancel(job.id, by="the deletion of its message")
