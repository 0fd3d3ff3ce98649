"""Unfinished pages that the ledger does not know, because the disk was emptied, become jobs again."""

import logging
import re
from collections.abc import Iterable

import discord

from cogs.discord_errors import named_errors
from cogs.intake import Intake, Place, Serves
from cogs.reactions import remove_own_reactions
from config.notion_config import ChannelRoute
from services.clients.notion import NotionClient
from services.errors import AuditscribeError, PermanentError
from services.pipeline.known_pages import KnownPages, UnfinishedPage
from services.pipeline.notion_status import ERROR_PREFIX
from services.pipeline.page import planted_id
from services.store import JobStore

log = logging.getLogger(__name__)

_MESSAGE_URL = re.compile(r"/channels/(\d+)/(\d+)/\d+/?$")


class LostPages:
    """Looks for them once, in the databases of the routes whose pages tell how far their videos are."""

    def __init__(
        self,
        client: discord.Client,
        intake: Intake,
        serves: Serves,
        *,
        store: JobStore,
        pages: KnownPages,
        notion: NotionClient,
        routes: Iterable[ChannelRoute],
    ) -> None:
        self._client = client
        self._intake = intake
        self._serves = serves
        self._store = store
        self._pages = pages
        self._notion = notion
        self._routes = [route for route in routes if route.has_status_hooks]

    async def take_up(self) -> bool:
        """Return False where another try may do better."""
        self._routes = [route for route in self._routes if not await self._take_up_of(route)]
        return not self._routes

    async def _take_up_of(self, route: ChannelRoute) -> bool:
        try:
            pages = await self._pages.unfinished(route)
        except AuditscribeError as error:
            log.warning("notion: unfinished pages of #%s could not be looked for: %s", route.channel, error)
            return isinstance(error, PermanentError)
        return all([await self._take_up_page(page, route) for page in pages])

    async def _take_up_page(self, page: UnfinishedPage, route: ChannelRoute) -> bool:
        try:
            with named_errors():
                await self._ask_again(page, route)
        except AuditscribeError as error:
            log.warning("notion: the page of %s stays unfinished: %s", page.message_url, error)
            return isinstance(error, PermanentError)
        return True

    async def _ask_again(self, page: UnfinishedPage, route: ChannelRoute) -> None:
        known = await self._store.of_message(page.message_id)
        if any(job.page_id == page.id for job in await self._store.unfinished()):  # a flow handed it over
            return
        ids = _MESSAGE_URL.search(page.message_url)
        if any(planted_id(job) == page.video_id for job in known) or ids is None:
            return
        guild_id, channel_id = map(int, ids.groups())
        if self._client.get_guild(guild_id) is None:
            return
        try:
            channel = self._client.get_channel(channel_id) or await self._client.fetch_channel(channel_id)
            if not isinstance(channel, Place) or not self._serves(channel.guild):
                return
            route = await self._route_at(channel, route)
            message = await channel.fetch_message(page.message_id)
            if not known:
                await remove_own_reactions(message)
            why = "" if await self._intake.take_one(message, page.video_id, route) else "an edit of its message"
        except discord.NotFound:
            why = "the deletion of its message"
        if why:
            await self._notion.update_error_field(page.id, f"{ERROR_PREFIX}cancelled by {why}", route.field_map)

    async def _route_at(self, channel: Place, route: ChannelRoute) -> ChannelRoute:
        """Return the channel's own route where that has its pages in the same database: routes may share one."""
        own = self._intake.route_of(channel)
        if own is None or not own.has_status_hooks:
            return route
        tables = [await self._notion.data_source(one.database) for one in (own, route)]
        return own if tables[0].id == tables[1].id else route
