"""/status: where each video is, as the ledger has it."""

import re
from typing import Self

import discord
from discord import app_commands, ui
from discord.ext import commands

from cogs.answers import answering
from cogs.lookup import Lookup
from cogs.rights import Interaction, Rights
from cogs.views import listing
from cogs.views.card import story
from services.jobs.job import JobStatus
from services.overview import Overview
from services.store import JobStore

_TURNED = "status_page"
"""The event of a turned page; its arguments: the interaction, the page's number."""
_STORIES = 5
"""Of a message's videos; as many embeds as an answer can hold are 10."""
_CHARACTERS = 6000
"""Discord takes no more in all embeds of a message."""


class PageButton(ui.DynamicItem[ui.Button[ui.View]], template=r"status:(?P<number>\d{1,6})"):
    """Leads to another page; like a card's buttons, it outlives the bot's process."""

    def __init__(self, number: int, label: str = "", *, disabled: bool = False) -> None:
        button: ui.Button[ui.View] = ui.Button(label=label, custom_id=f"status:{number}", disabled=disabled)
        super().__init__(button)
        self._number = number

    @classmethod
    async def from_custom_id(cls, _interaction: Interaction, _item: ui.Item[ui.View], match: re.Match[str]) -> Self:
        return cls(int(match["number"]))

    async def callback(self, interaction: Interaction) -> None:
        interaction.client.dispatch(_TURNED, interaction, self._number)


class Status(commands.Cog):
    """Everyone may look, at the videos of the channels that they see."""

    def __init__(self, store: JobStore, overview: Overview, lookup: Lookup, rights: Rights) -> None:
        self._store = store
        self._overview = overview
        self._lookup = lookup
        self._rights = rights

    @app_commands.command(description="Where is each video? Or one video's whole story.")
    @app_commands.describe(video="A video, its link, or a link to its message")
    @app_commands.guild_only()
    async def status(self, interaction: Interaction, video: str | None = None) -> None:
        async with answering(interaction):
            if video is None:
                await self._show_page(interaction, 0)
            else:
                await self._tell(interaction, video)

    @status.autocomplete("video")
    async def _offered(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return await self._lookup.offered(interaction, typed, list(JobStatus))

    @commands.Cog.listener()
    async def on_status_page(self, interaction: Interaction, number: int) -> None:
        async with answering(interaction, in_place=True):
            await self._show_page(interaction, number)

    async def _show_page(self, interaction: Interaction, number: int) -> None:
        channels = await self._rights.visible(interaction, await self._overview.channels())
        standing = await self._overview.standing(channels, skip=number * listing.PAGE, limit=listing.PAGE)
        forecasts = await self._overview.forecasts([*standing.running, *standing.waiting])
        view = ui.View(timeout=None)
        if (last := listing.pages(standing) - 1) > 0:
            view.add_item(PageButton(max(number - 1, 0), "◀ Newer", disabled=number == 0))
            view.add_item(PageButton(number + 1, "Older ▶", disabled=number >= last))
        await interaction.edit_original_response(embed=listing.page(standing, forecasts, number), view=view)

    async def _tell(self, interaction: Interaction, text: str) -> None:
        found = await self._lookup.find(interaction, text)
        of_one_post = [job for job in found if job.post == found[0].post]
        jobs = [await self._store.get(job.id) for job in of_one_post[:_STORIES]]
        embeds = [story(job, await self._overview.forecast(job)) for job in jobs]
        while sum(map(len, embeds)) > _CHARACTERS:
            embeds.pop()
        await interaction.edit_original_response(embeds=embeds, allowed_mentions=discord.AllowedMentions.none())
