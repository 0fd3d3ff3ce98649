"""REST of interactions: the first answer, and the webhook by which the bot edits and follows up."""

import time
from collections.abc import Iterable, Iterator

from aiohttp import web

from sandbox.discord.board import EPHEMERAL
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
from sandbox.discord.forms import Upload, check_message, check_new_message, read_form
from sandbox.discord.interactions import (
    ANSWER_WITHIN,
    DEFERRED,
    DEFERRED_UPDATE,
    LOADING,
    MESSAGE,
    TOKEN_LIFETIME,
    UPDATE,
    Desk,
    Interaction,
)
from sandbox.discord.objects import Json


class InteractionEndpoints:
    """What the bot may do with an interaction whose token it has."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._board = desk.board

    def endpoints(self) -> Iterator[Endpoint]:
        message = "/webhooks/{application}/{token}/messages/{message}"
        yield Endpoint("POST", "/interactions/{id}/{token}/callback", self._answer, open=True)
        yield Endpoint("POST", "/webhooks/{application}/{token}", self._follow_up, open=True)
        yield Endpoint("GET", message, self._read, open=True)
        yield Endpoint("PATCH", message, self._edit, open=True)
        yield Endpoint("DELETE", message, self._delete, open=True)

    async def _answer(self, request: web.Request) -> Answer:
        interaction = self._desk.find(request.match_info["token"])
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
        interaction = self._desk.find(request.match_info["token"])
        if interaction is None or request.match_info["application"] != self._desk.application_id:
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
            self._board.store.bot,
            body,
            uploads,
            application_id=self._desk.application_id,
            webhook_id=self._desk.application_id,
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
