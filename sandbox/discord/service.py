"""Discord's side of the world: every part put together behind one address."""

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from sandbox.discord.board import Board
from sandbox.discord.callbacks import InteractionEndpoints
from sandbox.discord.cdn import Cdn
from sandbox.discord.commands import Commands
from sandbox.discord.directory import DirectoryEndpoints
from sandbox.discord.door import Door, as_json
from sandbox.discord.gateway import Gateway
from sandbox.discord.intents import MESSAGE_CONTENT, PRIVILEGED, application_flags
from sandbox.discord.interactions import Desk
from sandbox.discord.messages import MessageEndpoints
from sandbox.discord.objects import Json, an_application
from sandbox.discord.oracle import API, Oracle
from sandbox.discord.permissions import EVERYONE
from sandbox.discord.reactions import ReactionEndpoints
from sandbox.discord.store import Store
from sandbox.server import SPECS, Exchange, World

TOKEN = "sandbox.discord.token"


class DiscordService(World):
    """One application with its bot, in guilds that are yet to come.

    `privileged` are the privileged intents that the application has switched on; `bot_permissions` what the bot is
    invited with.
    """

    name = "discord"

    def __init__(
        self,
        *,
        bot: str = "Auditscribe",
        token: str = TOKEN,
        privileged: int = PRIVILEGED,
        bot_permissions: int = EVERYONE,
    ) -> None:
        super().__init__()
        self.token = token
        self.bot_permissions = bot_permissions
        self.store = store = Store(bot)
        self.bot = store.bot
        self.owner = store.add_user("Olive")
        self.application: Json = an_application(store.new_id(), self.bot, self.owner, application_flags(privileged))
        self.cdn = Cdn(lambda: self.url)
        self.gateway = Gateway(store, token, self.application, lambda: self.gateway_url, self.changed)
        self.board = Board(store, self.cdn, self.tell, content_is_open=bool(privileged & MESSAGE_CONTENT))
        self.desk = Desk(self.board, self.application["id"])
        self.registry = Commands(store.new_id, self.application["id"])
        self._door = Door(token)
        self._oracle = Oracle.beside(SPECS)
        self._endpoints = (
            *DirectoryEndpoints(store, self.registry, self.application, lambda: self.gateway_url).endpoints(),
            *MessageEndpoints(self.board).endpoints(),
            *ReactionEndpoints(store, self.board.reactions).endpoints(),
            *InteractionEndpoints(self.desk).endpoints(),
        )

    @property
    def api_url(self) -> str:
        """What DISCORD_API_URL is set to."""
        return self.url + API

    @property
    def gateway_url(self) -> str:
        """What DISCORD_GATEWAY_URL is set to."""
        return f"ws://{self.address}/"

    def routes(self) -> Iterable[web.RouteDef]:
        yield from map(self._door.route, self._endpoints)
        yield self._door.nothing_else()
        yield web.get("/attachments/{channel}/{attachment}/{filename}", self.cdn.serve)
        yield web.get("/", self.gateway.serve)

    def check(self, exchange: Exchange) -> Iterable[str] | None:
        if self._oracle is None or not exchange.path.startswith(API):
            return None
        return self._oracle.violations(exchange)

    def misbehave(self, body: Any, status: int, headers: dict[str, str]) -> web.Response:
        return as_json(body, status, headers)

    def tell(self, event: str, payload: Json) -> None:
        """Dispatch an event to the bot."""
        self.gateway.sessions.dispatch(event, payload)
        self.changed()

    async def stop(self) -> None:
        self.gateway.drop()
        await super().stop()
