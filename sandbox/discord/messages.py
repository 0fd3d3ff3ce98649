"""REST of a channel's messages and threads."""

import time
from collections.abc import Iterator, Mapping

from aiohttp import web

from sandbox.discord.board import Board
from sandbox.discord.door import Answer, Endpoint
from sandbox.discord.errors import NOT_YOUR_MESSAGE, THREAD_ALREADY_CREATED, DiscordError, invalid
from sandbox.discord.forms import check_message, check_new_message, read_form
from sandbox.discord.limits import CREATE_MESSAGE, DELETE_MESSAGE, EDIT_MESSAGE
from sandbox.discord.objects import Json
from sandbox.discord.permissions import Permission
from sandbox.discord.store import THREAD_TYPES, refuse_archived

NONCE_LIFETIME = 5 * 60.0
"""Seconds in which `enforce_nonce` finds the first message ("in the past few minutes", the documentation says)."""


class MessageEndpoints:
    """What the bot may do with messages; `board` does it."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._store = board.store
        self._nonces: dict[str, tuple[float, Json]] = {}

    def endpoints(self) -> Iterator[Endpoint]:
        messages = "/channels/{channel}/messages"
        message = messages + "/{message}"
        yield Endpoint("GET", messages, self._list)
        yield Endpoint("POST", messages, self._create, CREATE_MESSAGE)
        yield Endpoint("GET", message, self._read)
        yield Endpoint("PATCH", message, self._edit, EDIT_MESSAGE)
        yield Endpoint("DELETE", message, self._delete, DELETE_MESSAGE)
        yield Endpoint("POST", message + "/threads", self._start_thread, status=201)
        yield Endpoint("POST", "/channels/{channel}/threads", self._start_thread, status=201)
        yield Endpoint("POST", "/channels/{channel}/typing", self._type)

    async def _list(self, request: web.Request) -> Answer:
        channel = self._store.open_to_bot(request.match_info["channel"])
        if not self._store.permissions(self._store.bot["id"], channel) & Permission.READ_MESSAGE_HISTORY:
            return []
        messages = list(self._store.messages[channel["id"]].values())
        return [self._board.shown_to_bot(message) for message in _page(messages, request.query)]

    async def _create(self, request: web.Request) -> Answer:
        fields, uploads = await read_form(request)
        channel = self._store.channel(request.match_info["channel"])
        in_thread = channel["type"] in THREAD_TYPES
        needed = [Permission.SEND_MESSAGES_IN_THREADS if in_thread else Permission.SEND_MESSAGES]
        needed += [Permission.ATTACH_FILES] * bool(uploads) + [Permission.EMBED_LINKS] * bool(fields.get("embeds"))
        self._store.open_to_bot(channel["id"], needed)
        if channel.get("thread_metadata", {}).get("locked"):
            refuse_archived(channel)
        check_new_message(fields, uploads)
        nonce = fields.get("nonce")
        if fields.get("enforce_nonce") and (first := self._sent_before(str(nonce))):
            return {**self._board.shown(first), "nonce": nonce}
        message = self._board.compose(channel["id"], self._store.bot, fields, uploads)
        if nonce is not None:
            self._nonces[str(nonce)] = time.monotonic(), message
        return self._board.publish(message, nonce)

    async def _read(self, request: web.Request) -> Answer:
        self._store.open_to_bot(request.match_info["channel"], [Permission.READ_MESSAGE_HISTORY])
        return self._board.shown_to_bot(self._named(request))

    async def _edit(self, request: web.Request) -> Answer:
        fields, uploads = await read_form(request)
        channel, message = self._store.open_to_bot(request.match_info["channel"]), self._named(request)
        if message["author"] is not self._store.bot:
            raise DiscordError(NOT_YOUR_MESSAGE)
        refuse_archived(channel)
        check_message(fields)
        return self._board.edit(message, fields, uploads)

    async def _delete(self, request: web.Request) -> Answer:
        channel, message = self._store.open_to_bot(request.match_info["channel"]), self._named(request)
        if message["author"] is not self._store.bot:
            self._store.open_to_bot(channel["id"], [Permission.MANAGE_MESSAGES])
        refuse_archived(channel)
        self._board.delete(message)

    async def _start_thread(self, request: web.Request) -> Answer:
        fields, channel_id = await request.json(), request.match_info["channel"]
        self._store.open_to_bot(channel_id, [Permission.CREATE_PUBLIC_THREADS])
        if not 1 <= len(fields["name"]) <= 100:
            raise invalid("name", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
        message = self._named(request) if "message" in request.match_info else None
        if message is not None and message["id"] in self._store.channels:
            raise DiscordError(THREAD_ALREADY_CREATED)
        return self._board.start_thread(
            channel_id, fields["name"], self._store.bot, message, fields.get("auto_archive_duration")
        )

    async def _type(self, request: web.Request) -> Answer:
        self._store.open_to_bot(request.match_info["channel"], [Permission.SEND_MESSAGES])

    def _named(self, request: web.Request) -> Json:
        return self._store.message(request.match_info["channel"], request.match_info["message"])

    def _sent_before(self, nonce: str) -> Json | None:
        at, message = self._nonces.get(nonce, (0.0, {}))
        return message if message and time.monotonic() - at < NONCE_LIFETIME else None


def _page(messages: list[Json], query: Mapping[str, str]) -> list[Json]:
    """Return at most `limit` messages, newest first: those next to the id that `before`, `after` or `around` names."""
    limit = int(query.get("limit", 50))
    if not 1 <= limit <= 100:
        raise invalid("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
    if "after" in query:
        page = [message for message in messages if int(message["id"]) > int(query["after"])][:limit]
    elif "before" in query:
        page = [message for message in messages if int(message["id"]) < int(query["before"])][-limit:]
    elif "around" in query:
        older = sum(int(message["id"]) < int(query["around"]) for message in messages)
        page = messages[max(0, older - limit // 2) :][:limit]
    else:
        page = messages[-limit:]
    return page[::-1]
