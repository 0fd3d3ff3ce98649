"""Attachments' urls expire: fetch their message again."""

from collections.abc import Awaitable, Callable

import discord

from cogs.discord_errors import named_errors
from cogs.intake import attachments_of
from services.errors import PermanentError
from services.jobs.job import Origin


def attachment_resolver(client: discord.Client) -> Callable[[Origin, int], Awaitable[str]]:
    """Return a function that fetches a fresh url of an attachment's id; PermanentError where it is gone."""

    async def resolve(origin: Origin, attachment_id: int) -> str:
        channel = client.get_partial_messageable(origin.channel_id, guild_id=origin.guild_id)
        with named_errors():
            message = await channel.fetch_message(origin.message_id)
        for attachment in attachments_of(message):
            if attachment.id == attachment_id:
                return attachment.url
        raise PermanentError("The file was removed from its message in Discord.")

    return resolve
