"""The message command "Transcribe this": any message that the bot can read becomes jobs."""

import discord
from discord import app_commands

from cogs.answers import answering, say
from cogs.intake import Intake
from cogs.rights import Interaction, RefusedError, Rights
from cogs.views.card import headline
from cogs.views.text import title
from services.overview import Overview
from services.store import JobStore

NAME = "Transcribe this"


class TranscribeThis:
    """For who wrote the message, and those who may manage messages in its channel."""

    def __init__(self, intake: Intake, rights: Rights, store: JobStore, overview: Overview) -> None:
        self._intake = intake
        self._rights = rights
        self._store = store
        self._overview = overview

    def command(self) -> app_commands.ContextMenu:
        return app_commands.guild_only(app_commands.ContextMenu(name=NAME, callback=self._answer))

    async def _answer(self, interaction: Interaction, message: discord.Message) -> None:
        async with answering(interaction):
            self._check(interaction, message)
            jobs, new, not_taken = await self._intake.take_anywhere(message)
            if not jobs:
                raise RefusedError("There is no video in this message: no link, and no file with picture or sound.")
            known = await self._store.of_message(message.id)
            lines = [not_taken] if not_taken else []
            lines += [f"{title(job)}: taken, its card follows." for job in new]
            known = [job for job in known if job.id not in {one.id for one in new}]
            lines += [f"{title(job)}: {headline(job, await self._overview.forecast(job))}" for job in known]
            await say(interaction, "\n".join(lines))

    def _check(self, interaction: Interaction, message: discord.Message) -> None:
        member = self._rights.member_of(interaction)
        if message.author != member and not interaction.permissions.manage_messages:
            raise RefusedError("Only who wrote this message, and those who may manage messages here, can do that.")
        if not (interaction.app_permissions.read_messages and interaction.app_permissions.read_message_history):
            raise RefusedError("The bot cannot read this channel: give it View Channel and Read Message History here.")
