"""/status: what runs, what waits, what ended last. Reads the ledger, nothing else."""

import discord
from discord import app_commands
from discord.ext import commands

from cogs import views
from cogs.intake import Serves
from services.store import JobStore

_ENDED_SHOWN = 5


class Status(commands.Cog):
    """Slash commands that only look."""

    def __init__(self, store: JobStore, serves: Serves) -> None:
        self._store = store
        self._serves = serves

    @app_commands.command(description="Where is each video?")
    @app_commands.guild_only()
    async def status(self, interaction: discord.Interaction) -> None:
        if not self._serves(interaction.guild):
            await interaction.response.send_message("This bot does not serve this server.", ephemeral=True)
            return
        unfinished = await self._store.unfinished()
        ended = await self._store.last_ended(_ENDED_SHOWN)
        await interaction.response.send_message(embed=views.status_embed(unfinished, ended), ephemeral=True)
