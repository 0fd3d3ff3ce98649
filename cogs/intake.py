"""Messages become jobs."""

from collections.abc import Callable, Iterator
from datetime import datetime

import discord
from discord.ext import commands

from config.notion_config import Routes
from services.jobs.job import Job, Origin
from services.jobs.source import Attachment, find_sources
from services.queue.local import LocalQueue

Serves = Callable[[discord.Guild | None], bool]


class Intake(commands.Cog):
    """Listens in the watched channels of the served guilds, and in their threads."""

    def __init__(self, queue: LocalQueue, routes: Routes, serves: Serves, clock: Callable[[], datetime]) -> None:
        self._queue = queue
        self._routes = routes
        self._serves = serves
        self._clock = clock

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        if message.author.bot or not self._serves(message.guild):
            return
        route = self._routes.find(channel_name(message))
        if route is None:
            return
        origin = origin_of(message)
        sources = find_sources(texts_of(message), map(_attachment, attachments_of(message)))
        await self._queue.submit(Job.requested(source, route, origin, self._clock()) for source in sources)


def channel_name(message: discord.Message) -> str:
    """Return the name of the message's channel; for a thread, its parent's."""
    channel = message.channel
    if isinstance(channel, discord.Thread) and channel.parent:
        return channel.parent.name
    return str(channel)


def origin_of(message: discord.Message) -> Origin:
    return Origin(
        guild_id=message.guild.id if message.guild else 0,
        guild_name=message.guild.name if message.guild else "",
        channel_id=message.channel.id,
        channel_name=channel_name(message),
        message_id=message.id,
        message_url=message.jump_url,
        author_id=message.author.id,
        author_name=message.author.display_name,
        content="\n".join(texts_of(message)),
        posted_at=message.created_at,
    )


def texts_of(message: discord.Message) -> list[str]:
    """Return the message's own words, then those of messages that it forwards."""
    return [text for text in (message.content, *(snapshot.content for snapshot in message.message_snapshots)) if text]


def attachments_of(message: discord.Message) -> Iterator[discord.Attachment]:
    """Yield the message's own files, then those of messages that it forwards."""
    yield from message.attachments
    for snapshot in message.message_snapshots:
        yield from snapshot.attachments


def _attachment(attachment: discord.Attachment) -> Attachment:
    return Attachment(attachment.id, attachment.filename, attachment.content_type)
