"""Interactions: a person presses, types or chooses; the bot answers within 3 s, and follows up for 15 minutes."""

import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.discord.board import EPHEMERAL, Board
from sandbox.discord.door import Answer, Endpoint, is_set
from sandbox.discord.errors import (
    ALREADY_ACKNOWLEDGED,
    INVALID_WEBHOOK_TOKEN,
    UNKNOWN_INTERACTION,
    UNKNOWN_MESSAGE,
    UNKNOWN_WEBHOOK,
    DiscordError,
    invalid,
)
from sandbox.discord.forms import MAX_FILE, Upload, check_message, check_new_message, read_form
from sandbox.discord.objects import Json

ANSWER_WITHIN = 3.0
TOKEN_LIFETIME = 15 * 60.0
LOADING = 1 << 7
COMMAND, COMPONENT, AUTOCOMPLETE = 2, 3, 4
"""Types of interactions."""
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
"""Types of the bot's first answers."""


@dataclass(slots=True)
class Interaction:
    """One deed of a person, and what the bot made of it."""

    payload: Json
    """As it was dispatched."""
    show: Callable[[Json], Json] = field(repr=False)
    source: Json | None = None
    """The message under which a component was pressed."""
    born: float = field(default_factory=time.monotonic)
    responses: list[Json] = field(default_factory=list)
    """Every body that the bot sent, in order: the first answer `{type, data}`, then edits and follow-ups."""
    original: Json | None = None
    said: list[Json] = field(default_factory=list)

    @property
    def token(self) -> str:
        return str(self.payload["token"])

    @property
    def type(self) -> int | None:
        """The type of the bot's first answer, None before it came."""
        return self.responses[0]["type"] if self.responses else None

    @property
    def loading(self) -> bool:
        """Whether the bot "is thinking"."""
        return self.type == DEFERRED and self.original is not None and bool(self.original["flags"] & LOADING)

    @property
    def settled(self) -> bool:
        """Whether the person sees an answer."""
        return bool(self.responses) and not self.loading

    @property
    def messages(self) -> list[Json]:
        """The messages that the bot answered with, ephemeral ones included, as they are now."""
        return [self.show(message) for message in self.said]

    @property
    def choices(self) -> list[Json]:
        """What an autocomplete offers, as `{name, value}`."""
        return list(self.responses[0]["data"]["choices"]) if self.type == CHOICES else []


class Desk:
    """Takes people's deeds to the bot, and the bot's answers back."""

    def __init__(self, board: Board, application_id: str) -> None:
        self._board = board
        self._store = board.store
        self._application_id = application_id
        self._open: dict[str, Interaction] = {}

    def begin(self, kind: int, data: Json, channel_id: str, user: Json, source: Json | None = None) -> Interaction:
        """Dispatch an interaction of a member."""
        store, channel = self._store, self._store.channels[channel_id]
        guild, permissions = store.guilds[channel["guild_id"]], str(store.permissions(user["id"], channel))
        payload = {
            "id": store.new_id(),
            "application_id": self._application_id,
            "type": kind,
            "token": secrets.token_urlsafe(48),
            "version": 1,
            "guild_id": guild["id"],
            "guild": {"id": guild["id"], "locale": guild["preferred_locale"], "features": guild["features"]},
            "guild_locale": guild["preferred_locale"],
            "locale": "en-US",
            "channel_id": channel_id,
            "channel": {**channel, "permissions": permissions},
            "member": {**store.member(guild["id"], user["id"]), "permissions": permissions},
            "app_permissions": str(store.permissions(store.bot["id"], channel)),
            "entitlements": [],
            "authorizing_integration_owners": {"0": guild["id"]},
            "context": 0,
            "attachment_size_limit": MAX_FILE,
            "data": data,
            **({"message": self._board.shown(source)} if source else {}),
        }
        interaction = Interaction(payload, self._board.shown, source)
        self._open[interaction.token] = interaction
        self._board.tell("INTERACTION_CREATE", payload)
        return interaction

    def find_ephemeral(self, message_id: str) -> Json | None:
        said = (message for interaction in self._open.values() for message in interaction.said)
        return next((message for message in said if message["id"] == message_id), None)

    def endpoints(self) -> Iterator[Endpoint]:
        message = "/webhooks/{application}/{token}/messages/{message}"
        yield Endpoint("POST", "/interactions/{id}/{token}/callback", self._answer, open=True)
        yield Endpoint("POST", "/webhooks/{application}/{token}", self._follow_up, open=True)
        yield Endpoint("GET", message, self._read, open=True)
        yield Endpoint("PATCH", message, self._edit, open=True)
        yield Endpoint("DELETE", message, self._delete, open=True)

    async def _answer(self, request: web.Request) -> Answer:
        interaction = self._open.get(request.match_info["token"])
        if interaction is None or interaction.payload["id"] != request.match_info["id"]:
            raise DiscordError(UNKNOWN_INTERACTION)
        if interaction.responses:
            raise DiscordError(ALREADY_ACKNOWLEDGED)
        if time.monotonic() - interaction.born > ANSWER_WITHIN:
            raise DiscordError(UNKNOWN_INTERACTION)
        body, uploads = await read_form(request)
        self._act(interaction, body["type"], body.get("data") or {}, uploads)
        interaction.responses.append(body)
        return self._receipt(interaction) if is_set(request, "with_response") else None

    def _act(self, interaction: Interaction, kind: int, data: Json, uploads: list[Upload]) -> None:
        if kind == MESSAGE:
            check_new_message(data, uploads)
            interaction.original = self._say(interaction, data, uploads)
        elif kind == DEFERRED:
            interaction.original = self._say(interaction, {"flags": data.get("flags")}, loading=True)
        elif kind in (DEFERRED_UPDATE, UPDATE):
            if interaction.source is None:
                raise invalid("type", "BASE_TYPE_CHOICES", "Only components can update a message.")
            interaction.original = interaction.source
            check_message(data)
            if kind == UPDATE:
                self._board.edit(interaction.source, data, uploads)

    def _receipt(self, interaction: Interaction) -> Json:
        """Return what `with_response` asks for; a deferred answer has no resource yet."""
        original, kind = interaction.original, interaction.type
        receipt: Json = {"interaction": {"id": interaction.payload["id"], "type": interaction.payload["type"]}}
        if original is not None:
            receipt["interaction"] |= {
                "response_message_id": original["id"],
                "response_message_loading": interaction.loading,
                "response_message_ephemeral": bool(original["flags"] & EPHEMERAL),
            }
            if kind in (MESSAGE, UPDATE):
                receipt["resource"] = {"type": kind, "message": self._board.shown(original)}
        return receipt

    async def _follow_up(self, request: web.Request) -> Answer:
        interaction = self._acknowledged(request)
        body, uploads = await read_form(request)
        check_new_message(body, uploads)
        interaction.responses.append(body)
        if interaction.loading and interaction.original is not None:  # the first follow-up ends "is thinking"
            return self._change(interaction, interaction.original, body, uploads)
        return self._board.shown(self._say(interaction, body, uploads))

    async def _read(self, request: web.Request) -> Answer:
        return self._board.shown(self._message(self._acknowledged(request), request))

    async def _edit(self, request: web.Request) -> Answer:
        interaction = self._acknowledged(request)
        message = self._message(interaction, request)
        body, uploads = await read_form(request)
        check_message(body)
        interaction.responses.append(body)
        return self._change(interaction, message, body, uploads)

    async def _delete(self, request: web.Request) -> Answer:
        interaction = self._acknowledged(request)
        message = self._message(interaction, request)
        interaction.said = [other for other in interaction.said if other is not message]
        if not message["flags"] & EPHEMERAL:
            self._board.delete(message)

    def _acknowledged(self, request: web.Request) -> Interaction:
        interaction = self._open.get(request.match_info["token"])
        if interaction is None or request.match_info["application"] != self._application_id:
            raise DiscordError(UNKNOWN_WEBHOOK)
        if time.monotonic() - interaction.born > TOKEN_LIFETIME:
            raise DiscordError(INVALID_WEBHOOK_TOKEN)
        if not interaction.responses:
            raise DiscordError(UNKNOWN_WEBHOOK)
        return interaction

    def _message(self, interaction: Interaction, request: web.Request) -> Json:
        wanted = request.match_info["message"]
        if wanted == "@original":
            found = interaction.original
        else:
            found = next((message for message in interaction.said if message["id"] == wanted), None)
        if found is None:
            raise DiscordError(UNKNOWN_MESSAGE)
        return found

    def _say(
        self, interaction: Interaction, body: Json, uploads: Iterable[Upload] = (), *, loading: bool = False
    ) -> Json:
        payload = interaction.payload
        message = self._board.compose(
            payload["channel_id"],
            self._store.bot,
            body,
            uploads,
            application_id=self._application_id,
            webhook_id=self._application_id,
            **self._origin(interaction),
        )
        message["flags"] |= LOADING * loading
        interaction.said.append(message)
        if not message["flags"] & EPHEMERAL:
            self._board.publish(message)
        return message

    def _change(self, interaction: Interaction, message: Json, body: Json, uploads: list[Upload]) -> Json:
        was_loading = bool(message["flags"] & LOADING)
        message["flags"] &= ~LOADING
        return self._board.edit(message, body, uploads, by_author=not was_loading)

    def _origin(self, interaction: Interaction) -> Json:
        """Return how a message tells what it answers: a reply below a component, else a command's own type."""
        payload = interaction.payload
        metadata = {
            "id": payload["id"],
            "type": payload["type"],
            "user": payload["member"]["user"],
            "authorizing_integration_owners": payload["authorizing_integration_owners"],
        }
        replied_to = interaction.source or interaction.original
        if replied_to is None:
            return {"type": 20 if payload["data"].get("type") == 1 else 23, "interaction_metadata": metadata}
        pointer = {"type": 0, "message_id": replied_to["id"], "channel_id": replied_to["channel_id"]}
        if interaction.source is not None:
            metadata["interacted_message_id"] = interaction.source["id"]
        return {"type": 19, "message_reference": pointer, "interaction_metadata": metadata}
