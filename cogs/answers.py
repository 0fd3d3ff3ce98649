"""How interactions are answered: in time, and to the asker alone."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

from cogs.rights import Interaction
from cogs.views.text import plain
from services.errors import AuditscribeError
from services.jobs.retry import UNEXPECTED
from services.words import utf16_cut

log = logging.getLogger(__name__)


@asynccontextmanager
async def answering(interaction: Interaction, *, in_place: bool = False) -> AsyncIterator[None]:
    """Take the question at once (Discord waits 3 s); whatever is raised becomes the answer.

    The answer is a message of its own or, `in_place`, what the pressed button's message becomes.
    """
    await interaction.response.defer(ephemeral=True, thinking=not in_place)
    try:
        yield
    except AuditscribeError as error:
        await say(interaction, plain(str(error), 1000))
    except Exception:  # the asker's boundary: nobody is left without an answer
        log.exception("discord: %s failed", interaction.data)
        await say(interaction, UNEXPECTED)


async def say(interaction: Interaction, text: str) -> None:
    await interaction.edit_original_response(
        content=utf16_cut(text, 2000), allowed_mentions=discord.AllowedMentions.none()
    )
