"""The gateway: sessions that outlive their websockets, and the websockets."""

import asyncio
import json
import secrets
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from sandbox.discord.intents import GUILD_MEMBERS, GUILD_PRESENCES, MESSAGE_CONTENT, is_allowed, wants, without_content
from sandbox.discord.objects import Json
from sandbox.discord.store import Store

HEARTBEAT_MS = 41_250
REPLAY = 1000
"""So many dispatches of a session are kept for a RESUME; who has missed more begins anew."""

Outbox = asyncio.Queue[Json]


class Closed(Exception):  # noqa: N818 - Discord's "close event", not an error of ours
    """The connection is closed with a code of Discord's."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(slots=True, eq=False)
class Session:
    """What one IDENTIFY began. `outbox` is the connection's, None while there is none."""

    intents: int
    outbox: Outbox | None
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    sent: deque[Json] = field(default_factory=lambda: deque(maxlen=REPLAY))

    def dispatch(self, event: str, payload: Json) -> None:
        self.sequence += 1
        frame = {"op": 0, "t": event, "s": self.sequence, "d": payload}
        self.sent.append(frame)
        if self.outbox is not None:
            self.outbox.put_nowait(frame)

    def replay(self, outbox: Outbox, seen: int) -> None:
        """Go on over another connection, with everything after the sequence number `seen`."""
        self.outbox = outbox
        for frame in tuple(self.sent):
            if frame["s"] > seen:
                outbox.put_nowait(frame)
        self.dispatch("RESUMED", {})

    def reaches_back_to(self, seen: int) -> bool:
        return self.sequence - len(self.sent) <= seen


class Gateway:
    """Knows all sessions of the one application. `changed` is called when one comes or goes."""

    changed: Callable[[], None] = staticmethod(lambda: None)

    def __init__(self, store: Store, token: str, application: Callable[[], Json], url: Callable[[], str]) -> None:
        self.store = store
        self.token = token
        self.application = application
        self.url = url
        self.sessions: dict[str, Session] = {}
        self.connections: set[Connection] = set()

    @property
    def connected(self) -> bool:
        """Whether an identified application is listening right now."""
        return any(connection.session is not None for connection in self.connections)

    def dispatch(self, event: str, payload: Json) -> None:
        """Tell every session that asked for this kind of event."""
        for session in self.sessions.values():
            if not wants(session.intents, event):
                continue
            if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not session.intents & MESSAGE_CONTENT:
                session.dispatch(event, without_content(payload, self.store.bot["id"]))
            else:
                session.dispatch(event, payload)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(receive_timeout=HEARTBEAT_MS / 1000 * 1.5)
        await socket.prepare(request)
        connection = Connection(self, request, socket)
        self.connections.add(connection)
        try:
            await connection.serve()
        finally:
            self.connections.discard(connection)
        return socket

    def drop(self, *, resumable: bool = True) -> None:
        """Break every connection as a lost network does; sessions that are not resumable are forgotten."""
        for connection in tuple(self.connections):
            if connection.session is not None and not resumable:
                self.forget(connection.session)
            connection.cut()

    def ask_to_reconnect(self) -> None:
        """Send everybody opcode 7, as before maintenance."""
        for connection in self.connections:
            connection.send(7)

    def announce(self, guild_id: str) -> None:
        """Tell everybody of a guild that the bot has joined."""
        for session in self.sessions.values():
            if wants(session.intents, "GUILD_CREATE"):
                session.dispatch("GUILD_CREATE", self.guild_create(guild_id, session.intents))

    def forget(self, session: Session) -> None:
        self.sessions.pop(session.id, None)

    def guild_create(self, guild_id: str, intents: int) -> Json:
        """Return a guild as it becomes available; without presences only the bot is among its members."""
        bot_id, members = self.store.bot["id"], self.store.members_of(guild_id)
        return {
            **self.store.guilds[guild_id],
            "joined_at": self.store.members[guild_id, bot_id]["joined_at"],
            "large": False,
            "unavailable": False,
            "member_count": len(members),
            "members": members if intents & GUILD_PRESENCES else [self.store.members[guild_id, bot_id]],
            "channels": self.store.channels_of(guild_id),
            "threads": [
                thread
                for thread in self.store.channels_of(guild_id, threads=True)
                if not thread["thread_metadata"]["archived"]
            ],
            **{name: [] for name in ("voice_states", "presences", "stage_instances", "guild_scheduled_events")},
            "soundboard_sounds": [],
        }


class Connection:
    """One websocket, from HELLO to its close."""

    def __init__(self, gateway: Gateway, request: web.Request, socket: web.WebSocketResponse) -> None:
        self.gateway = gateway
        self.session: Session | None = None
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
        self._outbox.put_nowait({"op": op, "t": None, "s": None, "d": payload})

    async def close(self, code: int, reason: str) -> None:
        await self._socket.close(code=code, message=reason.encode())

    def cut(self) -> None:
        """Break the connection without a word, as a lost network does."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _write(self) -> None:
        with suppress(ConnectionError):  # the other side is gone: the reader sees it too
            while True:
                await self._socket.send_json(await self._outbox.get())

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
            self.gateway.forget(self.session)
        self.session = None
        self.gateway.changed()

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
        intents, gateway, application = payload["intents"], self.gateway, self.gateway.application()
        if not is_allowed(intents, application["flags"]):
            raise Closed(4014, "Disallowed intent(s).")
        self.session = session = Session(intents, self._outbox)
        gateway.sessions[session.id] = session
        ready = {
            "v": 10,
            "user": gateway.store.bot,
            "guilds": [{"id": guild_id, "unavailable": True} for guild_id in gateway.store.guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": gateway.url(),
            "application": {name: application[name] for name in ("id", "flags")},
        }
        session.dispatch("READY", ready)
        for guild_id in gateway.store.guilds if wants(intents, "GUILD_CREATE") else ():
            session.dispatch("GUILD_CREATE", gateway.guild_create(guild_id, intents))
        gateway.changed()

    def _resume(self, payload: Json) -> None:
        self._authenticate(payload)
        session = self.gateway.sessions.get(payload["session_id"])
        if session is None or not session.reaches_back_to(payload["seq"]):
            self.send(9, payload=False)
            return
        if payload["seq"] > session.sequence:
            raise Closed(4007, "Invalid seq.")
        self.session = session
        session.replay(self._outbox, payload["seq"])
        self.gateway.changed()

    def _authenticate(self, payload: Json) -> None:
        if payload["token"].removeprefix("Bot ") != self.gateway.token:
            raise Closed(4004, "Authentication failed.")

    def _send_members(self, payload: Json) -> None:
        """Answer a request for members: by id, or by the beginning of a name."""
        if (session := self.session) is None:
            raise Closed(4003, "Not authenticated.")
        named = payload.get("user_ids") or []
        wanted = {str(key) for key in (named if isinstance(named, list) else [named])}
        prefix, most = payload.get("query"), payload.get("limit") or 1000
        if prefix == "" and not session.intents & GUILD_MEMBERS:
            raise Closed(4014, "Disallowed intent(s).")
        members = [
            member
            for member in self.gateway.store.members_of(str(payload["guild_id"]))
            if member["user"]["id"] in wanted
            or (prefix is not None and member["user"]["username"].startswith(prefix.lower()))
        ]
        chunk = {"guild_id": str(payload["guild_id"]), "members": members[:most], "chunk_index": 0, "chunk_count": 1}
        session.dispatch("GUILD_MEMBERS_CHUNK", {**chunk, "nonce": payload.get("nonce")})
