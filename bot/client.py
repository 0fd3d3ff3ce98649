"""The bot as Discord knows it: its intents, the guilds that it serves, its commands."""

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import Any, Self

import aiohttp
import discord
import yarl
from discord import app_commands
from discord.ext import commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.events import PlainState
from cogs.buttons import JobButton
from cogs.status import PageButton
from config.notion_config import ChannelRoute, Routes
from services.store import JobStore

log = logging.getLogger(__name__)

_SYNCED_COMMANDS = "synced commands"


def use_addresses(api_url: str, gateway_url: str | None) -> None:
    """Point discord.py at a Discord; it knows no other way than these two attributes of its own."""
    Route.BASE = api_url
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot does not speak
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)


class AuditscribeBot(commands.Bot):
    """Give it cogs with `with_cogs` before it is started."""

    def __init__(
        self, guild_ids: Sequence[int], store: JobStore, http_trace: aiohttp.TraceConfig | None = None
    ) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True, guild_messages=True, message_content=True),
            max_messages=None,  # nothing is read from the message cache
            allowed_mentions=discord.AllowedMentions.none(),
            http_trace=http_trace or aiohttp.TraceConfig(),
        )
        self._guild_ids = frozenset(guild_ids)
        self._store = store
        self._cogs_to_add: Sequence[commands.Cog] = ()
        self._menus: Sequence[app_commands.ContextMenu] = ()

    def with_cogs(self, *cogs: commands.Cog, menus: Sequence[app_commands.ContextMenu] = ()) -> None:
        """Add these when the bot starts; `menus` are commands in a message's menu, which no cog can hold."""
        self._cogs_to_add, self._menus = cogs, menus

    @property
    def is_connected(self) -> bool:
        """Whether Discord's gateway is heard at this moment."""
        return self.is_ready() and self.ws.open

    def serves(self, guild: discord.Guild | None) -> bool:
        """Whether the bot works here: in the guilds of the settings, else in its only guild."""
        if guild is None:
            return False
        return guild.id in self._guild_ids if self._guild_ids else len(self.guilds) == 1

    def find_channel(self, route: ChannelRoute) -> discord.abc.GuildChannel | None:
        """Return the channel of a route, where the bot sees it."""
        served = [guild for guild in self.guilds if self.serves(guild)]
        channels: list[discord.abc.GuildChannel] = []
        for guild in served:
            channels += [*guild.text_channels, *guild.voice_channels, *guild.forums]
        return next((one for one in channels if Routes((route,)).find(one.name, one.id)), None)

    def _get_state(self, **options: Any) -> PlainState[Self]:
        return PlainState(dispatch=self.dispatch, handlers=self._handlers, hooks=self._hooks, http=self.http, **options)

    async def setup_hook(self) -> None:
        for cog in self._cogs_to_add:
            await self.add_cog(cog)
        for menu in self._menus:
            self.tree.add_command(menu)
        self.add_dynamic_items(JobButton, PageButton)
        await self._sync_commands()

    async def on_ready(self) -> None:
        served = [guild.name for guild in self.guilds if self.serves(guild)]
        log.info("discord: connected as %s, serving %s", self.user, ", ".join(served) or "no server")
        self._warn_of_many_guilds()

    async def on_guild_join(self, guild: discord.Guild) -> None:
        self._warn_of_many_guilds()

    def _warn_of_many_guilds(self) -> None:
        if not self._guild_ids and len(self.guilds) > 1:
            names = ", ".join(f"{guild.name} ({guild.id})" for guild in self.guilds)
            log.error("discord: in several servers, so none is served: set DISCORD_GUILD_IDS to the right of %s", names)

    async def _sync_commands(self) -> None:
        """Send the slash commands to Discord, only when they changed."""
        commands_now = json.dumps([command.to_dict(self.tree) for command in self.tree.get_commands()], sort_keys=True)
        digest = f"{self.application_id} {hashlib.sha256(commands_now.encode()).hexdigest()}"
        if await self._store.find_note(_SYNCED_COMMANDS) == digest:
            return
        try:
            await self.tree.sync()
        except discord.HTTPException as error:  # videos are taken all the same
            log.error("discord: the slash commands could not be registered: %s", error)  # noqa: TRY400
        else:
            await self._store.keep_note(_SYNCED_COMMANDS, digest)
