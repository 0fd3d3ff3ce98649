"""The commands that act: /retry, /cancel, /reprocess, and the buttons below a card."""

import io

import discord
from discord import app_commands
from discord.ext import commands

from cogs.answers import answering, say
from cogs.buttons import Action
from cogs.lookup import Lookup
from cogs.rights import Interaction
from cogs.steering import ALL, Steering
from cogs.views.text import title
from services.clients.names import portable_name
from services.jobs.job import ENDED, ON_THEIR_WAY, STOPPED
from services.pipeline.page import transcript_text
from services.store import JobStore

Choices = list[app_commands.Choice[str]]
_VIDEO = "A video, its link, or a link to its message"
_NAME_BYTES = 80


class Commands(commands.Cog):
    """Each answer is seen by the asker alone; what came of it shows on the card."""

    def __init__(self, steering: Steering, lookup: Lookup, store: JobStore) -> None:
        self._steering = steering
        self._lookup = lookup
        self._store = store

    @app_commands.command(description="Try a video again that failed or was cancelled; `all`: those of an outage.")
    @app_commands.describe(video=_VIDEO)
    @app_commands.guild_only()
    async def retry(self, interaction: Interaction, video: str) -> None:
        async with answering(interaction):
            await say(interaction, await self._steering.retry(interaction, video))

    @app_commands.command(description="Stop the work on a video.")
    @app_commands.describe(video=_VIDEO)
    @app_commands.guild_only()
    async def cancel(self, interaction: Interaction, video: str) -> None:
        async with answering(interaction):
            await say(interaction, await self._steering.cancel(interaction, video))

    @app_commands.command(description="Do a video anew, from the very start.")
    @app_commands.describe(video=_VIDEO)
    @app_commands.guild_only()
    async def reprocess(self, interaction: Interaction, video: str) -> None:
        async with answering(interaction):
            await say(interaction, await self._steering.reprocess(interaction, video))

    @retry.autocomplete("video")
    async def _stopped(self, interaction: Interaction, typed: str) -> Choices:
        offered = await self._lookup.offered(interaction, typed, STOPPED)
        if not ALL.startswith(typed.strip().casefold()):
            return offered
        return [app_commands.Choice(name="all that failed in the last 7 days", value=ALL), *offered[:24]]

    @cancel.autocomplete("video")
    async def _on_their_way(self, interaction: Interaction, typed: str) -> Choices:
        return await self._lookup.offered(interaction, typed, ON_THEIR_WAY)

    @reprocess.autocomplete("video")
    async def _ended(self, interaction: Interaction, typed: str) -> Choices:
        return await self._lookup.offered(interaction, typed, ENDED)

    @commands.Cog.listener()
    async def on_job_button(self, interaction: Interaction, action: Action, job_id: str) -> None:
        async with answering(interaction):
            match action:
                case Action.CANCEL:
                    await say(interaction, await self._steering.cancel(interaction, job_id))
                case Action.RETRY:
                    await say(interaction, await self._steering.retry(interaction, job_id))
                case Action.TRANSCRIPT:
                    await self._send_transcript(interaction, job_id)

    async def _send_transcript(self, interaction: Interaction, job_id: str) -> None:
        [found] = await self._lookup.find(interaction, job_id)
        job = await self._store.get(found.id)
        transcript = job.artifacts.transcript
        if transcript is None:
            await say(interaction, f"{title(job)}: there is no transcript yet.")
            return
        name = portable_name(job.title, limit=_NAME_BYTES)
        contents = {"txt": transcript_text(job, transcript), "srt": transcript.srt}
        files = [discord.File(io.BytesIO(text.encode()), f"{name}.{end}") for end, text in contents.items()]
        await interaction.edit_original_response(content=title(job), attachments=files)
