"""Reactions: who reacted with what, the bot's own in order, and their REST."""

from collections.abc import Callable, Iterator

from aiohttp import web

from sandbox.discord.door import Answer, Endpoint
from sandbox.discord.errors import TOO_MANY_REACTIONS, UNKNOWN_EMOJI, DiscordError
from sandbox.discord.limits import REACTION
from sandbox.discord.objects import Json, an_emoji
from sandbox.discord.permissions import Permission
from sandbox.discord.store import Store, refuse_archived

MOST = 20
"""Different emoji below one message."""

TellChannel = Callable[[str, str, Json], None]
"""Hands an event of a channel (name, channel id, payload) to the gateway."""


class Reactions:
    """Keeps every message's reactions, the emoji in the order of their first use."""

    def __init__(self, store: Store, tell: TellChannel) -> None:
        self.log: list[tuple[str, str, str]] = []
        """What the bot did: message id, emoji, `add` or `remove`."""
        self._store = store
        self._tell = tell
        self._users: dict[str, dict[str, list[str]]] = {}

    def on(self, message_id: str) -> dict[str, list[str]]:
        """Return the ids of those who reacted, by emoji."""
        return self._users.get(message_id, {})

    def shown(self, message_id: str) -> list[Json]:
        return [
            {
                "emoji": an_emoji(emoji),
                "count": len(users),
                "count_details": {"burst": 0, "normal": len(users)},
                "burst_colors": [],
                "me": self._store.bot["id"] in users,
                "me_burst": False,
            }
            for emoji, users in self.on(message_id).items()
        ]

    def add(self, message: Json, emoji: str, user: Json) -> None:
        """Let a user react; a second time is no change."""
        reactions = self._users.setdefault(message["id"], {})
        if emoji not in reactions and len(reactions) >= MOST:
            raise DiscordError(TOO_MANY_REACTIONS)
        users = reactions.setdefault(emoji, [])
        if user["id"] not in users:
            users.append(user["id"])
            member = self._store.members[self._store.channels[message["channel_id"]]["guild_id"], user["id"]]
            more = {"member": member, "message_author_id": message["author"]["id"], "burst_colors": []}
            self._told("add", message, emoji, user, more)

    def remove(self, message: Json, emoji: str, user: Json) -> None:
        """Take a user's reaction back; where there is none, nothing changes."""
        reactions = self.on(message["id"])
        if user["id"] in reactions.get(emoji, []):
            reactions[emoji].remove(user["id"])
            if not reactions[emoji]:
                del reactions[emoji]
            self._told("remove", message, emoji, user, {})

    def clear(self, message: Json, emoji: str) -> None:
        """Remove everybody's reaction with one emoji."""
        if self.on(message["id"]).pop(emoji, None) is not None:
            where = {"channel_id": message["channel_id"], "message_id": message["id"], "emoji": an_emoji(emoji)}
            self._tell("MESSAGE_REACTION_REMOVE_EMOJI", message["channel_id"], where)

    def _told(self, change: str, message: Json, emoji: str, user: Json, more: Json) -> None:
        if user["id"] == self._store.bot["id"]:
            self.log.append((message["id"], emoji, change))
        payload = {
            "user_id": user["id"],
            "channel_id": message["channel_id"],
            "message_id": message["id"],
            "emoji": an_emoji(emoji),
            "burst": False,
            "type": 0,
            **more,
        }
        self._tell(f"MESSAGE_REACTION_{change.upper()}", message["channel_id"], payload)


class ReactionEndpoints:
    def __init__(self, store: Store, reactions: Reactions) -> None:
        self._store = store
        self._reactions = reactions

    def endpoints(self) -> Iterator[Endpoint]:
        emoji = "/channels/{channel}/messages/{message}/reactions/{emoji}"
        yield Endpoint("PUT", emoji + "/@me", self._add, REACTION)
        yield Endpoint("DELETE", emoji + "/@me", self._remove, REACTION)
        yield Endpoint("DELETE", emoji, self._clear, REACTION)
        yield Endpoint("GET", emoji, self._list)

    async def _add(self, request: web.Request) -> Answer:
        message, emoji = self._named(request, Permission.READ_MESSAGE_HISTORY)
        if emoji not in self._reactions.on(message["id"]):
            self._named(request, Permission.ADD_REACTIONS)
        if emoji.isascii() and not emoji.partition(":")[2].isdigit():
            raise DiscordError(UNKNOWN_EMOJI)
        self._reactions.add(message, emoji, self._store.bot)

    async def _remove(self, request: web.Request) -> Answer:
        message, emoji = self._named(request, Permission.READ_MESSAGE_HISTORY)
        self._reactions.remove(message, emoji, self._store.bot)

    async def _clear(self, request: web.Request) -> Answer:
        self._reactions.clear(*self._named(request, Permission.MANAGE_MESSAGES))

    async def _list(self, request: web.Request) -> Answer:
        channel_id, emoji = request.match_info["channel"], request.match_info["emoji"]
        self._store.open_to_bot(channel_id, [Permission.READ_MESSAGE_HISTORY])
        message = self._store.message(channel_id, request.match_info["message"])
        users, after = self._reactions.on(message["id"]).get(emoji, []), int(request.query.get("after", 0))
        later = sorted((user for user in users if int(user) > after), key=int)
        return [self._store.users[user] for user in later[: int(request.query.get("limit", 25))]]

    def _named(self, request: web.Request, needed: Permission) -> tuple[Json, str]:
        """Return the message and the emoji of a change; raise the refusal where the bot may not make it."""
        channel = self._store.open_to_bot(request.match_info["channel"], [needed])
        message = self._store.message(channel["id"], request.match_info["message"])
        refuse_archived(channel)
        return message, request.match_info["emoji"]
