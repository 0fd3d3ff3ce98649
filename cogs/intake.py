"""Messages become jobs."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime

import discord

from cogs.refusals import Refusals
from cogs.views.refusal import refusal
from config.notion_config import AUDIT_PROCESS, ChannelRoute, Routes
from services.admission import Admission
from services.errors import PermanentError
from services.jobs.job import Job, Origin
from services.jobs.source import Attachment, find_sources
from services.pipeline.page import planted_id
from services.queue.protocol import JobQueue
from services.words import readable

Serves = Callable[[discord.Guild | None], bool]
Place = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
"""Where a server's messages are posted."""
Channel = Place | discord.ForumChannel | discord.DMChannel | discord.GroupChannel | discord.PartialMessageable
"""Whatever Discord may name as a message's channel, or as a thread's parent."""


class Intake:
    """Takes the videos of messages in the watched channels of the served guilds, and in their threads."""

    def __init__(
        self,
        queue: JobQueue,
        routes: Routes,
        serves: Serves,
        clock: Callable[[], datetime],
        *,
        admission: Admission,
        refusals: Refusals,
    ) -> None:
        self._queue = queue
        self._routes = routes
        self._serves = serves
        self._clock = clock
        self._admission = admission
        self._refusals = refusals
        self._admitting = asyncio.Lock()

    def route_of(self, channel: Channel) -> ChannelRoute | None:
        """Return what happens with a channel's videos; None where nobody watches."""
        if not self._serves(channel.guild):
            return None
        return self._routes.find(channel_name(channel), _channel_id(channel))

    async def take(self, message: discord.Message) -> None:
        """Ask for a job for each video, as far as one poster may. To take a message twice makes nothing twice."""
        route = self.route_of(message.channel)
        jobs = self._jobs_of(message, route) if route and not message.author.bot else []
        if not jobs:
            return
        async with self._admitting:  # or two messages would share the same room
            admitted = await self._admission.of_message(jobs)
            await self._queue.submit(admitted.jobs)
        if admitted.refused:
            at = message.edited_at or message.created_at
            await self._refusals.tell(jobs[0].origin, at, admitted, len(jobs))

    async def take_anywhere(self, message: discord.Message) -> tuple[list[Job], list[Job], str]:
        """Ask for a job for each video of a message that somebody pointed at, whoever posted it, wherever that was.

        A channel that nobody watches has the route of audit-process. Returns the jobs of the message, those of them
        that are new, and a sentence about videos that were not taken.

        Raises:
            PermanentError: there is no such route.
        """
        route = self.route_of(message.channel) or self._routes.find(AUDIT_PROCESS.channel, None)
        if route is None:
            raise PermanentError(
                f"This channel is not watched, and there is no {AUDIT_PROCESS.channel} to take it for."
            )
        jobs = self._jobs_of(message, route)
        async with self._admitting:
            admitted = await self._admission.of_message_again(jobs)
            new = await self._queue.submit(admitted.jobs)
        return jobs, new, refusal(admitted, len(jobs)) if admitted.refused else ""

    async def take_one(self, message: discord.Message, video_id: str, route: ChannelRoute) -> bool:
        """Ask for the job of one video, by the id that its page has. False: the message does not hold it."""
        wanted = [job for job in self._jobs_of(message, route) if planted_id(job) == video_id]
        await self._queue.submit(wanted)
        return bool(wanted)

    def _jobs_of(self, message: discord.Message, route: ChannelRoute) -> list[Job]:
        origin = origin_of(message)
        sources = find_sources(texts_of(message), map(_attachment, attachments_of(message)))
        return [Job.requested(source, route, origin, self._clock()) for source in sources]


def channel_name(channel: Channel) -> str:
    """Return a channel's name; for a thread its parent's, which is empty where the bot may not see the parent."""
    if isinstance(channel, discord.Thread):
        return channel.parent.name if channel.parent else ""
    return str(channel)


def _channel_id(channel: Channel) -> int:
    """Return a channel's id; for a thread its parent's."""
    return channel.parent_id if isinstance(channel, discord.Thread) else channel.id


def origin_of(message: discord.Message) -> Origin:
    return Origin(
        guild_id=message.guild.id if message.guild else 0,
        guild_name=readable(message.guild.name) if message.guild else "",
        channel_id=message.channel.id,
        channel_name=readable(channel_name(message.channel)),
        message_id=message.id,
        message_url=message.jump_url,
        author_id=message.author.id,
        author_name=readable(message.author.display_name),
        content="\n".join(texts_of(message)),
        posted_at=message.created_at,
    )


def texts_of(message: discord.Message) -> list[str]:
    """Return the message's own words, then those of messages that it forwards."""
    texts = (message.content, *(snapshot.content for snapshot in message.message_snapshots))
    return [readable(text) for text in texts if text]


def attachments_of(message: discord.Message) -> Iterator[discord.Attachment]:
    """Yield the message's own files, then those of messages that it forwards."""
    yield from message.attachments
    for snapshot in message.message_snapshots:
        yield from snapshot.attachments


def _attachment(attachment: discord.Attachment) -> Attachment:
    return Attachment(attachment.id, readable(attachment.filename), attachment.content_type, attachment.size)
