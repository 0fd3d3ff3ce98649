"""Is Discord as the bot needs it? Asked over plain REST, so no session has to be open."""

from collections.abc import Collection, Sequence

import discord

from cogs.discord_errors import named_errors
from config.notion_config import ChannelRoute, Routes
from services.doctor.finding import Finding, Level, failed
from services.errors import AuditscribeError

NEEDED = {
    "view_channel": "View Channel",
    "send_messages": "Send Messages",
    "read_message_history": "Read Message History",
    "add_reactions": "Add Reactions",
    "embed_links": "Embed Links",
    "send_messages_in_threads": "Send Messages in Threads",
}
"""What the bot must be allowed in a watched channel, in discord.py's words and as people see it."""

_SUBJECT = "Discord"
_INTENT = "Switch on the Message Content Intent in the developer portal (Bot > Privileged Gateway Intents)."
_ALLOW = "Allow it to the bot's role, in the channel's settings (Permissions) or in the server's (Roles)."
_Channel = discord.abc.GuildChannel


async def check_discord(client: discord.Client, routes: Routes, guild_ids: Collection[int]) -> list[Finding]:
    """Look at the application, and at each watched channel of the servers that are served; `client` is logged in."""
    try:
        with named_errors():
            application = await client.application_info()
            guilds = [guild async for guild in client.fetch_guilds(limit=None)]
            served = [guild for guild in guilds if guild.id in guild_ids or (not guild_ids and len(guilds) == 1)]
            watched = [found for guild in served for found in await _watched(client, guild.id, routes)]
    except AuditscribeError as error:
        return [failed(_SUBJECT, error, "Check DISCORD_TOKEN and DISCORD_API_URL, then ask the doctor again.")]
    return [
        check_intent(application),
        *_servers(application, guilds, guild_ids),
        *(_permissions(channel, member) for channel, member in watched),
        *(_absent(routes, [channel for channel, _ in watched]) if served else ()),
    ]


async def _watched(client: discord.Client, guild_id: int, routes: Routes) -> list[tuple[_Channel, discord.Member]]:
    """Return the channels of a server that have a route, each with the bot as a member there."""
    guild = await client.fetch_guild(guild_id)
    bot = await guild.fetch_member(client.user.id)  # type: ignore[union-attr]  # it is logged in
    channels = [one for one in await guild.fetch_channels() if not isinstance(one, discord.CategoryChannel)]
    return [(channel, bot) for channel in channels if routes.find(channel.name, channel.id)]


def check_intent(application: discord.AppInfo) -> Finding:
    """Return whether the application may read what messages say."""
    flags = application.flags
    if flags.gateway_message_content or flags.gateway_message_content_limited:
        return Finding(Level.OK, _SUBJECT, f"{application.name} is logged in, and may read what messages say.")
    return Finding(Level.RED, _SUBJECT, "The bot may not read what messages say, so it finds no link.", _INTENT)


def _servers(
    application: discord.AppInfo, guilds: Sequence[discord.Guild], guild_ids: Collection[int]
) -> list[Finding]:
    """Return which servers are served, and what is wrong with the choice."""
    invite = f"Invite it: {invitation(application.id)}"
    if not guilds:
        return [Finding(Level.RED, _SUBJECT, "The bot is in no server.", invite)]
    if not guild_ids and len(guilds) > 1:
        names = ", ".join(f"{guild.name} ({guild.id})" for guild in guilds)
        text = f"The bot is in several servers, so it serves none: {names}."
        return [Finding(Level.RED, _SUBJECT, text, "Set DISCORD_GUILD_IDS to the right ones, separated by commas.")]
    absent = sorted(set(guild_ids) - {guild.id for guild in guilds})
    return [
        Finding(Level.RED, _SUBJECT, f"The bot is not in the server {guild_id} of DISCORD_GUILD_IDS.", invite)
        for guild_id in absent
    ]


def _permissions(channel: _Channel, bot: discord.Member) -> Finding:
    granted = channel.permissions_for(bot)
    lacking = [name for flag, name in NEEDED.items() if not getattr(granted, flag)]
    place = f"#{channel.name} in {channel.guild.name}"
    if lacking:
        return Finding(Level.RED, _SUBJECT, f"In {place} the bot lacks: {', '.join(lacking)}.", _ALLOW)
    return Finding(Level.OK, _SUBJECT, f"In {place} the bot may do what it must.")


def _absent(routes: Routes, watched: Sequence[_Channel]) -> list[Finding]:
    """Return what is to be said of routes whose channel no served server has."""
    known = {route.channel for channel in watched if (route := routes.find(channel.name, channel.id))}
    missing = [_wanted(route) for route in routes.routes if route.channel not in known]
    if not missing:
        return []
    text = f"No channel is called {', '.join(missing)}."
    create = "Create it, or rename the one that is meant; leave it so where nobody wants it."
    return [Finding(Level.WARNING if watched else Level.RED, _SUBJECT, text, create)]


def invitation(application_id: int) -> str:
    """Return the address at which a person lets the bot into a server, with all that it needs there."""
    permissions = discord.Permissions(**dict.fromkeys(NEEDED, True))
    return discord.utils.oauth_url(application_id, permissions=permissions, scopes=("bot", "applications.commands"))


def _wanted(route: ChannelRoute) -> str:
    return f"{route.channel} (id {route.channel_id})" if route.channel_id else route.channel
