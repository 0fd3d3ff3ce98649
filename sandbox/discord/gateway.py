"""The gateway's websockets: HELLO, IDENTIFY, RESUME, heartbeats, closes."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord.intents import GUILD_MEMBERS, is_allowed
from sandbox.discord.objects import Json
from sandbox.discord.sessions import Outbox, Session, Sessions
from sandbox.discord.store import Store

HEARTBEAT_MS = 41_250


class Closed(Exception):  # noqa: N818 - Discord's "close event", not an error of ours
    """The connection is closed with a code of Discord's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Gateway:
    """Accepts the application's connections. `changed` is called when a session comes or goes."""

    def __init__(
        self, store: Store, token: str, application: Json, url: Callable[[], str], changed: Callable[[], None]
    ) -> None:
        self.store = store
        self.token = token
        self.application = application
        self.url = url
        self.changed = changed
        self.sessions = Sessions(store)
        self._connections: set[Connection] = set()

    @property
    def connected(self) -> bool:
        """Whether an identified application is listening right now."""
        return any(connection.session is not None for connection in self._connections)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(receive_timeout=HEARTBEAT_MS / 1000 * 1.5)
        await socket.prepare(request)
        connection = Connection(self, request, socket)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self.changed()
        return socket

    def drop(self, *, resumable: bool = True) -> None:
        """Break every connection as a lost network does; sessions that are not resumable are forgotten."""
        for connection in tuple(self._connections):
            if connection.session is not None and not resumable:
                self.sessions.forget(connection.session)
            connection.cut()

    def ask_to_reconnect(self) -> None:
        """Send everybody opcode 7, as before maintenance."""
        for connection in self._connections:
            connection.send(7)


class Connection:
    """One websocket, from HELLO to its close."""

    def __init__(self, gateway: Gateway, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.session: Session | None = None
        self._gateway = gateway
        self._request = request
        self._socket = socket
        self._outbox: Outbox = asyncio.Queue()

    async def serve(self) -> None:
        self.send(10, {"heartbeat_interval": HEARTBEAT_MS})
        writer = asyncio.create_task(self._write())
        try:
            await self._read()
        except TimeoutError:
            await self.close(4009, "Session timed out.")
        except Closed as closed:
            await self.close(closed.code, closed.reason)
        finally:
            writer.cancel()
            self._leave()

    def send(self, op: int, payload: Any = None) -> None:
        self._outbox.put_nowait(json.dumps({"op": op, "t": None, "s": None, "d": payload}))

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code=code, message=reason.encode())

    def cut(self) -> None:
        """Break the connection without a word, as a lost network does."""
        if self._request.transport is not None:
            self._request.transport.abort()
        self._leave()

    async def _write(self) -> None:
        with suppress(ConnectionError):  # the other side is gone: the reader sees it too
            while True:
                await self._socket.send_str(await self._outbox.get())

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                raise Closed(4002, "Error while decoding payload.")
            frame = json.loads(message.data)
            self._receive(frame["op"], frame.get("d"))

    def _leave(self) -> None:
        if self.session is None:
            return
        if self.session.outbox is self._outbox:
            self.session.outbox = None
        if self._socket.close_code in (1000, 1001):  # a goodbye: nothing is kept for a RESUME
            self._gateway.sessions.forget(self.session)
        self.session = None

    def _receive(self, op: int, payload: Any) -> None:
        match op:
            case 1:
                self.send(11)
            case 2 | 6 if self.session is not None:
                raise Closed(4005, "Already authenticated.")
            case 2:
                self._identify(payload)
            case 6:
                self._resume(payload)
            case 8:
                self._send_members(payload)
            case 3 | 4:  # presence and voice: nobody looks
                pass
            case _:
                raise Closed(4001, "Unknown opcode.")

    def _identify(self, payload: Json) -> None:
        self._authenticate(payload)
        intents, gateway = payload["intents"], self._gateway
        if not is_allowed(intents, gateway.application["flags"]):
            raise Closed(4014, "Disallowed intent(s).")
        self.session = session = gateway.sessions.begin(intents, self._outbox)
        ready = {
            "v": 10,
            "user": gateway.store.bot,
            "guilds": [{"id": guild_id, "unavailable": True} for guild_id in gateway.store.guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": gateway.url(),
            "application": {name: gateway.application[name] for name in ("id", "flags")},
        }
        session.dispatch("READY", ready)
        for guild_id in gateway.store.guilds:
            gateway.sessions.show_guild(session, guild_id)
        gateway.changed()

    def _resume(self, payload: Json) -> None:
        self._authenticate(payload)
        session = self._gateway.sessions.find(payload["session_id"])
        if session is None or not session.reaches_back_to(payload["seq"]):
            self.send(9, payload=False)
            return
        if payload["seq"] > session.sequence:
            raise Closed(4007, "Invalid seq.")
        self.session = session
        session.replay(self._outbox, payload["seq"])
        self._gateway.changed()

    def _authenticate(self, payload: Json) -> None:
        if payload["token"].removeprefix("Bot ") != self._gateway.token:
            raise Closed(4004, "Authentication failed.")

    def _send_members(self, payload: Json) -> None:
        """Answer a request for members: by id, or by the beginning of a name."""
        if (session := self.session) is None:
            raise Closed(4003, "Not authenticated.")
        if payload.get("query") == "" and not session.intents & GUILD_MEMBERS:
            raise Closed(4014, "Disallowed intent(s).")
        named, guild_id = payload.get("user_ids") or [], str(payload["guild_id"])
        wanted = {str(key) for key in (named if isinstance(named, list) else [named])}
        members = self._gateway.store.find_members(guild_id, wanted, payload.get("query"))
        chunk = {"members": members[: payload.get("limit") or 1000], "chunk_index": 0, "chunk_count": 1}
        session.dispatch("GUILD_MEMBERS_CHUNK", {"guild_id": guild_id, **chunk, "nonce": payload.get("nonce")})
