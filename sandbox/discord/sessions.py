"""Gateway sessions: what an application is told, and what it gets again when it comes back."""

import asyncio
import json
import secrets
from collections import deque
from dataclasses import dataclass, field

from sandbox.discord.intents import GUILD_PRESENCES, MESSAGE_CONTENT, wants, without_content
from sandbox.discord.objects import Json
from sandbox.discord.store import Store

REPLAY = 1000
"""So many dispatches of a session are kept for a RESUME; who has missed more begins anew."""

Outbox = asyncio.Queue[str]
"""Frames as they were when they were sent: what they tell of may change at once."""


@dataclass(slots=True, eq=False)
class Session:
    """What one IDENTIFY began. `outbox` is the connection's, None while there is none."""

    intents: int
    outbox: Outbox | None
    id: str = field(default_factory=lambda: secrets.token_hex(16))
    sequence: int = 0
    sent: deque[tuple[int, str]] = field(default_factory=lambda: deque(maxlen=REPLAY))

    def dispatch(self, event: str, payload: Json) -> None:
        self.sequence += 1
        frame = json.dumps({"op": 0, "t": event, "s": self.sequence, "d": payload})
        self.sent.append((self.sequence, frame))
        if self.outbox is not None:
            self.outbox.put_nowait(frame)

    def replay(self, outbox: Outbox, seen: int) -> None:
        """Go on over another connection, with everything after the sequence number `seen`."""
        self.outbox = outbox
        for sequence, frame in self.sent:
            if sequence > seen:
                outbox.put_nowait(frame)
        self.dispatch("RESUMED", {})

    def reaches_back_to(self, seen: int) -> bool:
        return self.sequence - len(self.sent) <= seen


class Sessions:
    """All sessions of the one application, by id."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sessions: dict[str, Session] = {}

    def begin(self, intents: int, outbox: Outbox) -> Session:
        session = Session(intents, outbox)
        self._sessions[session.id] = session
        return session

    def find(self, session_id: str) -> Session | None:
        return self._sessions.get(session_id)

    def forget(self, session: Session) -> None:
        self._sessions.pop(session.id, None)

    def dispatch(self, event: str, payload: Json) -> None:
        """Tell every session that asked for this kind of event."""
        for session in self._sessions.values():
            if not wants(session.intents, event):
                continue
            if event in ("MESSAGE_CREATE", "MESSAGE_UPDATE") and not session.intents & MESSAGE_CONTENT:
                session.dispatch(event, without_content(payload, self._store.bot["id"]))
            else:
                session.dispatch(event, payload)

    def announce(self, guild_id: str) -> None:
        """Tell every session of a guild that the bot has joined."""
        for session in self._sessions.values():
            self.show_guild(session, guild_id)

    def show_guild(self, session: Session, guild_id: str) -> None:
        if wants(session.intents, "GUILD_CREATE"):
            session.dispatch("GUILD_CREATE", self._guild(guild_id, session.intents))

    def _guild(self, guild_id: str, intents: int) -> Json:
        """Return a guild as it becomes available; without presences only the bot is among its members."""
        bot_id, members = self._store.bot["id"], self._store.members_of(guild_id)
        return {
            **self._store.guilds[guild_id],
            "joined_at": self._store.members[guild_id, bot_id]["joined_at"],
            "large": False,
            "unavailable": False,
            "member_count": len(members),
            "members": members if intents & GUILD_PRESENCES else [self._store.members[guild_id, bot_id]],
            "channels": self._store.channels_of(guild_id),
            "threads": [
                thread
                for thread in self._store.channels_of(guild_id, threads=True)
                if not thread["thread_metadata"]["archived"]
            ],
            **{name: [] for name in ("voice_states", "presences", "stage_instances", "guild_scheduled_events")},
            "soundboard_sounds": [],
        }
