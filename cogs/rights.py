"""Who may look at a job, and who may act on it. Enforced here, whatever Discord's own command permissions say."""

from collections.abc import Collection, Iterable
from contextlib import suppress

import discord

from cogs.discord_errors import named_errors
from cogs.intake import Serves
from services.errors import PermanentError
from services.jobs.job import Job

Interaction = discord.Interaction[discord.Client]
_Place = discord.abc.GuildChannel | discord.Thread


class RefusedError(PermanentError):
    """Somebody may not do what they asked for; the text says why."""


class Rights:
    """Looking is for everyone who sees the channel; acting for the poster and those who may manage messages there."""

    def __init__(self, serves: Serves) -> None:
        self._serves = serves
        self._far: dict[int, _Place | None] = {}
        """Places that Discord had to be asked for: threads that are archived; None: it is gone."""

    def member_of(self, interaction: Interaction) -> discord.Member:
        """Return who asks.

        Raises:
            RefusedError: the bot does not serve this server.
        """
        if not self._serves(interaction.guild) or not isinstance(interaction.user, discord.Member):
            raise RefusedError("This bot does not serve this server.")
        return interaction.user

    async def visible(self, interaction: Interaction, channel_ids: Iterable[int]) -> Collection[int]:
        """Return those of the channels that the asker can see."""
        member = self.member_of(interaction)
        return {one for one in channel_ids if await self._sees(interaction, member, one)}

    async def may_act(self, interaction: Interaction, job: Job) -> bool:
        """Whether the asker may cancel, retry or reprocess a job."""
        member = self.member_of(interaction)
        if not await self._sees(interaction, member, job.origin.channel_id):
            return False
        if job.origin.author_id == member.id:
            return True
        place = await self._place(interaction, job.origin.channel_id)
        return place is not None and place.permissions_for(member).manage_messages

    async def _sees(self, interaction: Interaction, member: discord.Member, channel_id: int) -> bool:
        if not channel_id:  # of a video that another flow asked for, of no channel that the bot knows
            return False
        if channel_id == interaction.channel_id:
            return True
        place = await self._place(interaction, channel_id)
        if place is None or place.guild != interaction.guild:
            return False
        if isinstance(place, discord.Thread) and place.parent is None:  # it was deleted since, or is hidden
            return False
        permissions = place.permissions_for(member)
        if isinstance(place, discord.Thread) and place.is_private():
            return permissions.manage_threads
        return permissions.view_channel

    async def _place(self, interaction: Interaction, channel_id: int) -> _Place | None:
        """Return a channel or thread, in whatever server it is; None where it is gone, or hidden from the bot."""
        client = interaction.client
        found: object = client.get_channel(channel_id)
        if found is None and channel_id not in self._far:
            with named_errors(), suppress(discord.NotFound, discord.InvalidData):
                try:
                    found = await client.fetch_channel(channel_id)
                except discord.Forbidden:  # it may be opened to the bot later
                    return None
            self._far[channel_id] = found if isinstance(found, _Place) else None
        return found if isinstance(found, _Place) else self._far.get(channel_id)
