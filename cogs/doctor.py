"""/doctor: what the deployment lacks, and what to do about it."""

from collections.abc import Awaitable, Iterator, Sequence
from typing import Protocol

import discord
from discord import app_commands
from discord.ext import commands

from cogs.answers import answering
from cogs.rights import Interaction, RefusedError, Rights
from cogs.views.text import one_line, plain
from services.doctor.finding import Finding, Level, any_red

_SIGNS = {Level.OK: "✅", Level.WARNING: "⚠️", Level.RED: "❌"}
_PAGE = 4000
"""Characters of an embed's description; Discord takes 4096."""
_SENTENCE = 700


class Examine(Protocol):
    """Looks at everything; `fix` creates what Notion's databases lack."""

    def __call__(self, *, fix: bool) -> Awaitable[Sequence[Finding]]: ...


class Doctor(commands.Cog):
    """For those who may manage the server."""

    def __init__(self, examine: Examine, rights: Rights) -> None:
        self._examine = examine
        self._rights = rights

    @app_commands.command(description="Is everything there that the bot needs, and what is to be done?")
    @app_commands.describe(fix="Create the columns and options that Notion's databases lack")
    @app_commands.guild_only()
    @app_commands.default_permissions(manage_guild=True)
    async def doctor(self, interaction: Interaction, *, fix: bool = False) -> None:
        async with answering(interaction):
            self._admit(interaction)
            findings = await self._examine(fix=fix)
            colour = discord.Colour.red() if any_red(findings) else discord.Colour.green()
            for page in pages(findings):
                embed = discord.Embed(description=page, colour=colour)
                await interaction.followup.send(
                    embed=embed, ephemeral=True, allowed_mentions=discord.AllowedMentions.none()
                )

    def _admit(self, interaction: Interaction) -> None:
        """Raise RefusedError. Default permissions are advice: a server's own settings can give a command to anyone."""
        self._rights.member_of(interaction)
        if not (interaction.permissions.manage_guild or interaction.permissions.administrator):
            raise RefusedError("Only those who may manage this server can ask the doctor.")


def pages(findings: Sequence[Finding]) -> Iterator[str]:
    """Yield the findings as texts that fit into an embed, the red ones first."""
    paginator = commands.Paginator(prefix=None, suffix=None, max_size=_PAGE)
    for level in (Level.RED, Level.WARNING, Level.OK):
        for finding in findings:
            if finding.level is level:
                paginator.add_line(_entry(finding))
    yield from paginator.pages


def _entry(finding: Finding) -> str:
    """Return one finding. Names that people gave are in its text; the remedy is in our own words, markdown included."""
    line = f"{_SIGNS[finding.level]} **{plain(finding.subject)}:** {plain(finding.text, _SENTENCE)}"
    return f"{line}\n-# → {one_line(finding.remedy, _SENTENCE)}" if finding.remedy else line
