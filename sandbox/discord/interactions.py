"""Interactions: a person presses, types or chooses; the bot answers within 3 s, and follows up for 15 minutes."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.discord.board import Board
from sandbox.discord.forms import MAX_FILE
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
        self.board = board
        self.application_id = application_id
        self._open: dict[str, Interaction] = {}

    def begin(self, kind: int, data: Json, channel_id: str, user: Json, source: Json | None = None) -> Interaction:
        """Dispatch an interaction of a member."""
        store = self.board.store
        channel = store.channels[channel_id]
        guild, permissions = store.guilds[channel["guild_id"]], str(store.permissions(user["id"], channel))
        payload = {
            "id": store.new_id(),
            "application_id": self.application_id,
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
            **({"message": self.board.shown(source)} if source else {}),
        }
        interaction = Interaction(payload, self.board.shown, source)
        self._open[interaction.token] = interaction
        self.board.tell("INTERACTION_CREATE", payload)
        return interaction

    @property
    def interactions(self) -> list[Interaction]:
        """All that were begun, oldest first."""
        return list(self._open.values())

    def find(self, token: str) -> Interaction | None:
        return self._open.get(token)

    def find_ephemeral(self, message_id: str) -> Json | None:
        said = (message for interaction in self._open.values() for message in interaction.said)
        return next((message for message in said if message["id"] == message_id), None)
