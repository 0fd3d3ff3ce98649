"""The place: guilds, channels, threads and members, and what they may do."""

from collections.abc import Iterable, Sequence
from typing import Any

from sandbox.discord.objects import Json
from sandbox.discord.service import DiscordService

CHANNELS = ("audit-process", "🎙・market-outlook", "general")


class DiscordPlace(DiscordService):
    """One guild to begin with, with an owner, a poster and the bot."""

    def __init__(
        self, *, guild: str = "Audit Hall", channels: Sequence[str] = CHANNELS, poster: str = "Vera", **service: Any
    ) -> None:
        super().__init__(**service)
        self.poster = self.store.add_user(poster)
        self.guild_id = self.add_guild(guild, channels)

    def add_guild(self, name: str, channels: Iterable[str] = ("general",)) -> str:
        """Let the bot join another guild, in which owner and poster are already; return its id."""
        guild = self.store.add_guild(name, self.owner, self.bot_permissions)
        self.store.join(guild["id"], self.poster)
        for channel in channels:
            self.store.add_channel(channel, guild["id"])
        self.gateway.sessions.announce(guild["id"])
        return str(guild["id"])

    def add_channel(self, name: str, guild: str | None = None) -> str:
        channel = self.store.add_channel(name, guild or self.guild_id)
        self.tell("CHANNEL_CREATE", channel)
        return str(channel["id"])

    def remove_channel(self, channel: str) -> None:
        removed = self.store.channels.pop(self.channel_id(channel))
        del self.store.messages[removed["id"]]
        self.tell("CHANNEL_DELETE", removed)

    def add_member(self, name: str, *, permissions: int = 0, guild: str | None = None) -> Json:
        """Return a new member's user; `permissions` are beside those that everybody has."""
        user, guild_id = self.store.add_user(name), guild or self.guild_id
        member = self.store.join(guild_id, user, permissions)
        for role in self.store.guilds[guild_id]["roles"]:
            if role["id"] in member["roles"]:
                self.tell("GUILD_ROLE_CREATE", {"guild_id": guild_id, "role": role})
        self.tell("GUILD_MEMBER_ADD", {**member, "guild_id": guild_id})
        return user

    def add_thread(self, channel: str, name: str, message_id: str | None = None) -> str:
        """Let the poster open a thread, below a message where one is named; return its id."""
        message = self._message(message_id) if message_id else None
        return str(self.board.start_thread(self.channel_id(channel), name, self.poster, message)["id"])

    def archive(self, thread_id: str, *, locked: bool = False) -> None:
        thread = self.store.channels[thread_id]
        thread["thread_metadata"] |= {"archived": True, "locked": locked}
        self.tell("THREAD_UPDATE", thread)

    def permit(self, channel: str, *, user: Json | None = None, allow: int = 0, deny: int = 0) -> None:
        """Overwrite what a member (the bot, if none is named) may do in a channel."""
        where, user_id = self.store.channels[self.channel_id(channel)], (user or self.bot)["id"]
        others = [entry for entry in where["permission_overwrites"] if entry["id"] != user_id]
        mine = {"id": user_id, "type": 1, "allow": str(int(allow)), "deny": str(int(deny))}
        where["permission_overwrites"] = [*others, mine]
        self.tell("CHANNEL_UPDATE", where)

    def channel_id(self, channel: str) -> str:
        """Return the id of a channel that is named by id or name; raise LookupError where there is none."""
        for known in self.store.channels.values():
            if channel in (known["id"], known["name"], known["name"].rpartition("・")[2]):
                return str(known["id"])
        raise LookupError(f"no channel {channel!r}")

    def _message(self, message_id: str) -> Json:
        found = self.store.find_message(message_id)
        if found is None:
            raise LookupError(f"no message {message_id}")
        return found
