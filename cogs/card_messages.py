"""The message that is a job's card: found before it is made, and edited in place."""

from collections.abc import Callable
from datetime import datetime

import aiohttp
import discord
from discord import ui

from cogs.discord_errors import named_errors
from cogs.earlier_cards import EarlierCards
from services.jobs.job import Job
from services.store import JobStore

_NONCE_LENGTH = 25
"""Characters that Discord takes as a message's nonce."""
_NOBODY = discord.AllowedMentions.none()
_GONE = "0"
"""Stands for the id of a card that somebody deleted: it is not made again."""


class CardMessages:
    """Replies to the messages that were posted; they ping nobody."""

    def __init__(self, client: discord.Client, store: JobStore, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._store = store
        self._earlier = EarlierCards(client, clock())
        self._unkept: dict[str, str] = {}
        """Cards that the ledger has not taken note of yet: ids by job."""

    async def show(self, job: Job, embed: discord.Embed, view: ui.View) -> bool:
        """Make a job's card show this. Returns whether it was there already."""
        channel = self._client.get_partial_messageable(job.origin.channel_id, guild_id=job.origin.guild_id)
        posted = channel.get_partial_message(job.origin.message_id)
        with named_errors():
            card_id = await self._find(job, posted)
            if card_id == _GONE:
                return True
            if card_id:
                try:
                    card = channel.get_partial_message(int(card_id))
                    await card.edit(embed=embed, view=view, allowed_mentions=_NOBODY)
                except discord.NotFound:
                    card_id = _GONE
            else:
                sent = await self._send(job, posted, embed, view)
                await self._keep(job, str(sent.id))
                if sent.embeds and sent.embeds[0].description != embed.description:
                    # it was made before, by a request whose answer was lost
                    await sent.edit(embed=embed, view=view, allowed_mentions=_NOBODY)
                return False
        await self._keep(job, card_id)
        return True

    async def _find(self, job: Job, posted: discord.PartialMessage) -> str | None:
        known = self._unkept.get(job.id) or await self._store.find_note(_note(job))
        return known or await self._earlier.find(job, posted)

    async def _keep(self, job: Job, card_id: str) -> None:
        self._unkept[job.id] = card_id
        await self._store.keep_note(_note(job), card_id)
        del self._unkept[job.id]

    async def _send(
        self, job: Job, posted: discord.PartialMessage, embed: discord.Embed, view: ui.View
    ) -> discord.Message:
        try:
            return await posted.channel.send(
                embed=embed,
                view=view,
                reference=posted.to_reference(fail_if_not_exists=False),
                allowed_mentions=_NOBODY,
                nonce=job.id[-_NONCE_LENGTH:],  # Discord makes no second message of one nonce for some minutes
            )
        except (discord.DiscordServerError, aiohttp.ClientError, OSError):
            self._earlier.no_answer(job)
            raise


def _note(job: Job) -> str:
    return f"card {job.id}"
