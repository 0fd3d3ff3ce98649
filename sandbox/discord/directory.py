"""REST of what is no message: the application, its commands, users, guilds, channels, the gateway's address."""

from collections.abc import Callable, Iterator

from aiohttp import web

from sandbox.discord.commands import Commands
from sandbox.discord.door import Answer, Endpoint, is_set
from sandbox.discord.errors import UNKNOWN_APPLICATION, UNKNOWN_USER, DiscordError
from sandbox.discord.objects import Json
from sandbox.discord.permissions import permissions_of
from sandbox.discord.store import Store

NO_OVERWRITES: Json = {"permission_overwrites": []}


class DirectoryEndpoints:
    """Looks things up; `gateway_url` is where websockets go."""

    def __init__(self, store: Store, commands: Commands, application: Json, gateway_url: Callable[[], str]) -> None:
        self._store = store
        self._commands = commands
        self._application = application
        self._gateway_url = gateway_url

    def endpoints(self) -> Iterator[Endpoint]:
        yield Endpoint("GET", "/users/@me", self._me)
        yield Endpoint("GET", "/users/@me/guilds", self._own_guilds)
        yield Endpoint("GET", "/users/{user}", self._user)
        yield Endpoint("GET", "/oauth2/applications/@me", self._own_application)
        yield Endpoint("GET", "/applications/@me", self._own_application)
        yield Endpoint("GET", "/gateway", self._gateway)
        yield Endpoint("GET", "/gateway/bot", self._gateway_for_bots)
        yield Endpoint("GET", "/guilds/{guild}", self._guild)
        yield Endpoint("GET", "/guilds/{guild}/channels", self._channels)
        yield Endpoint("GET", "/guilds/{guild}/members/{user}", self._member)
        yield Endpoint("GET", "/channels/{channel}", self._channel)
        for scope in ("/applications/{application}/commands", "/applications/{application}/guilds/{guild}/commands"):
            yield Endpoint("GET", scope, self._list_commands)
            yield Endpoint("PUT", scope, self._overwrite_commands)

    async def _me(self, request: web.Request) -> Answer:
        return {**self._store.bot, "mfa_enabled": False, "locale": "en-US", "verified": True}

    async def _own_guilds(self, request: web.Request) -> Answer:
        """Up to 200 guilds in the order of their ids, after or before one of them."""
        query = request.query
        joined = sorted((guild for guild, user in self._store.members if user == self._store.bot["id"]), key=int)
        wanted = [one for one in joined if int(query.get("after", 0)) < int(one) < int(query.get("before", 2**63))]
        limit = int(query.get("limit", 200))
        shown = wanted[-limit:] if "before" in query else wanted[:limit]
        return [self._as_member(self._store.guilds[one], counted=is_set(request, "with_counts")) for one in shown]

    def _as_member(self, guild: Json, *, counted: bool) -> Json:
        """Return a guild as those in it see it from afar."""
        bot = self._store.bot["id"]
        counts = ("approximate_member_count", "approximate_presence_count") if counted else ()
        return {
            **{key: guild[key] for key in ("id", "name", "icon", "banner", "features")},
            **dict.fromkeys(counts, len(self._store.members_of(guild["id"]))),
            "owner": guild["owner_id"] == bot,
            "permissions": str(int(permissions_of(self._store.member(guild["id"], bot), guild, NO_OVERWRITES))),
        }

    async def _user(self, request: web.Request) -> Answer:
        user_id = request.match_info["user"]
        if user_id not in self._store.users:
            raise DiscordError(UNKNOWN_USER)
        return self._store.users[user_id]

    async def _own_application(self, request: web.Request) -> Answer:
        return self._application

    async def _gateway(self, request: web.Request) -> Answer:
        return {"url": self._gateway_url()}

    async def _gateway_for_bots(self, request: web.Request) -> Answer:
        starts = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return {"url": self._gateway_url(), "shards": 1, "session_start_limit": starts}

    async def _guild(self, request: web.Request) -> Answer:
        guild = self._store.guild(request.match_info["guild"])
        if not is_set(request, "with_counts"):
            return guild
        members = len(self._store.members_of(guild["id"]))
        return {**guild, "approximate_member_count": members, "approximate_presence_count": members}

    async def _channels(self, request: web.Request) -> Answer:
        return self._store.channels_of(self._store.guild(request.match_info["guild"])["id"])

    async def _member(self, request: web.Request) -> Answer:
        return self._store.member(request.match_info["guild"], request.match_info["user"])

    async def _channel(self, request: web.Request) -> Answer:
        return self._store.open_to_bot(request.match_info["channel"])

    async def _list_commands(self, request: web.Request) -> Answer:
        return self._commands.of(self._scope(request))

    async def _overwrite_commands(self, request: web.Request) -> Answer:
        return self._commands.overwrite(self._scope(request), await request.json())

    def _scope(self, request: web.Request) -> str | None:
        """Return the guild whose commands are meant, None for the global ones."""
        if request.match_info["application"] != self._application["id"]:
            raise DiscordError(UNKNOWN_APPLICATION)
        guild_id = request.match_info.get("guild")
        return self._store.guild(guild_id)["id"] if guild_id else None
