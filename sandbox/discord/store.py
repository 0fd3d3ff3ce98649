"""What this Discord remembers: users, guilds, channels, messages; found by id or refused as Discord refuses."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from sandbox.discord.errors import (
    ARCHIVED_THREAD,
    MISSING_ACCESS,
    MISSING_PERMISSIONS,
    UNKNOWN_CHANNEL,
    UNKNOWN_GUILD,
    UNKNOWN_MEMBER,
    UNKNOWN_MESSAGE,
    UNKNOWN_USER,
    DiscordError,
    Refusal,
)
from sandbox.discord.objects import Json, Snowflakes, a_guild, a_member, a_role, a_text_channel, a_thread, a_user
from sandbox.discord.permissions import EVERYONE, Permission, permissions_of

Key = TypeVar("Key")
THREAD_TYPES = frozenset({10, 11, 12})


class Store:
    """Payloads by id. Ids are strings, as on the wire."""

    def __init__(self, bot: str) -> None:
        self.new_id = Snowflakes()
        self.users: dict[str, Json] = {}
        self.guilds: dict[str, Json] = {}
        self.members: dict[tuple[str, str], Json] = {}
        self.channels: dict[str, Json] = {}
        self.messages: dict[str, dict[str, Json]] = {}
        self.bot = self.add_user(bot, bot=True)

    def add_user(self, name: str, *, bot: bool = False) -> Json:
        user = a_user(self.new_id(), name, bot=bot)
        self.users[user["id"]] = user
        return user

    def add_guild(self, name: str, owner: Json, bot_permissions: int) -> Json:
        guild = a_guild(self.new_id(), name, owner["id"])
        self.guilds[guild["id"]] = guild
        guild["roles"].append(a_role(guild["id"], "@everyone", EVERYONE))
        self.join(guild["id"], owner)
        self.join(guild["id"], self.bot, bot_permissions)
        return guild

    def join(self, guild_id: str, user: Json, permissions: int = 0) -> Json:
        """Make a user a member, with a role of their own where they are given permissions."""
        roles = []
        if permissions:
            bot_id = user["id"] if user["bot"] else None
            role = a_role(self.new_id(), user["username"], permissions, bot_id=bot_id)
            self.guilds[guild_id]["roles"].append(role)
            roles.append(role["id"])
        self.members[guild_id, user["id"]] = member = a_member(user, roles)
        return member

    def add_channel(self, name: str, guild_id: str) -> Json:
        channel = a_text_channel(self.new_id(), guild_id, name, len(self.channels))
        return self._open(channel)

    def add_thread(
        self, parent_id: str, name: str, owner_id: str, thread_id: str | None = None, archive_after: int | None = None
    ) -> Json:
        return self._open(
            a_thread(thread_id or self.new_id(), self.channels[parent_id], name, owner_id, archive_after or 4320)
        )

    def _open(self, channel: Json) -> Json:
        self.channels[channel["id"]] = channel
        self.messages[channel["id"]] = {}
        return channel

    def channel(self, channel_id: str) -> Json:
        return _found(self.channels, channel_id, UNKNOWN_CHANNEL)

    def guild(self, guild_id: str) -> Json:
        return _found(self.guilds, guild_id, UNKNOWN_GUILD)

    def member(self, guild_id: str, user_id: str) -> Json:
        self.guild(guild_id)
        _found(self.users, user_id, UNKNOWN_USER)
        return _found(self.members, (guild_id, user_id), UNKNOWN_MEMBER)

    def message(self, channel_id: str, message_id: str) -> Json:
        return _found(self.messages.get(channel_id, {}), message_id, UNKNOWN_MESSAGE)

    def find_message(self, message_id: str) -> Json | None:
        return next((messages[message_id] for messages in self.messages.values() if message_id in messages), None)

    def channels_of(self, guild_id: str, *, threads: bool = False) -> list[Json]:
        return [
            channel
            for channel in self.channels.values()
            if channel["guild_id"] == guild_id and (channel["type"] in THREAD_TYPES) is threads
        ]

    def members_of(self, guild_id: str) -> list[Json]:
        return [member for (guild, _), member in self.members.items() if guild == guild_id]

    def find_members(self, guild_id: str, user_ids: set[str], prefix: str | None) -> list[Json]:
        """Return the members with one of these ids, or whose name begins with `prefix`."""
        return [
            member
            for member in self.members_of(guild_id)
            if member["user"]["id"] in user_ids
            or (prefix is not None and member["user"]["username"].startswith(prefix.lower()))
        ]

    def permissions(self, user_id: str, channel: Json) -> int:
        """Return what a user may do in a channel; a thread has its parent's rules."""
        parent = self.channels[channel["parent_id"]] if channel["type"] in THREAD_TYPES else channel
        guild_id = parent["guild_id"]
        return permissions_of(self.member(guild_id, user_id), self.guilds[guild_id], parent)

    def open_to_bot(self, channel_id: str, needed: Iterable[Permission] = ()) -> Json:
        """Return a channel in which the bot may do all that is needed; raise the refusal otherwise."""
        channel = self.channel(channel_id)
        granted = self.permissions(self.bot["id"], channel)
        if not granted & Permission.VIEW_CHANNEL:
            raise DiscordError(MISSING_ACCESS)
        if not all(granted & permission for permission in needed):
            raise DiscordError(MISSING_PERMISSIONS)
        return channel


def refuse_archived(channel: Json) -> None:
    """Raise the refusal of a change in an archived thread."""
    if channel.get("thread_metadata", {}).get("archived"):
        raise DiscordError(ARCHIVED_THREAD)


def _found(things: Mapping[Key, Json], key: Key, refusal: Refusal) -> Json:
    if key not in things:
        raise DiscordError(refusal)
    return things[key]
