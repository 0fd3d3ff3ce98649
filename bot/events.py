"""What Discord tells of messages, cut down to what the bot reads: what it cannot read must not end it.

discord.py builds objects of everything in an event, and one field that it does not expect ends the whole client.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import discord
from discord.state import ConnectionState

log = logging.getLogger(__name__)

Json = dict[str, Any]
Client = TypeVar("Client", bound=discord.Client)

_MESSAGE = (
    *("id", "channel_id", "guild_id", "author", "member", "webhook_id", "type", "flags", "content"),
    *("timestamp", "edited_timestamp"),
)
_FORWARDED = ("type", "flags", "content", "timestamp", "edited_timestamp")
_FILE = ("id", "filename", "size", "url", "proxy_url", "content_type")
_NOTHING: Json = {"embeds": [], "components": [], "mentions": [], "mention_roles": []}
_NEEDED = frozenset({"READY"})
"""Without these there is no session: their faults must be seen."""


class PlainState(ConnectionState[Client]):
    """Keeps of others' messages their words and files; drops an event that is not as documented, and says so."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.parsers = {
            name: parse if name in _NEEDED else _dropping(name, parse) for name, parse in self.parsers.items()
        }

    def parse_message_create(self, data: Any) -> None:
        super().parse_message_create(self._plain(data))

    def parse_message_update(self, data: Any) -> None:
        super().parse_message_update(self._plain(data))

    def parse_interaction_create(self, data: Any) -> None:
        messages = (data.get("data") or {}).get("resolved", {}).get("messages", {})
        messages.update({key: self._plain(message) for key, message in messages.items()})
        super().parse_interaction_create(data)

    def create_message(self, *, channel: Any, data: Any) -> discord.Message:
        """Return a message that was fetched: its reactions tell the bot what it has shown."""
        plain: Any = {**self._plain(data), "reactions": data.get("reactions") or []}
        return super().create_message(channel=channel, data=plain)

    def _plain(self, message: Any) -> Any:
        """Return a message without what the bot does not read; its own, with buttons and embeds, as they are."""
        if str(message["author"]["id"]) == str(self.self_id):
            return message
        snapshots = (_kept(one["message"], _FORWARDED) for one in message.get("message_snapshots") or ())
        return _kept(message, _MESSAGE) | {"message_snapshots": [{"message": one} for one in snapshots]}


def _kept(message: Mapping[str, Any], names: Iterable[str]) -> Json:
    files = [{name: file[name] for name in _FILE if name in file} for file in message.get("attachments") or ()]
    return {**_NOTHING, **{name: message[name] for name in names if name in message}, "attachments": files}


def _dropping(name: str, parse: Callable[[Any], None]) -> Callable[[Any], None]:
    def parse_if_possible(data: Any) -> None:
        try:
            parse(data)
        except (AttributeError, LookupError, TypeError, ValueError) as error:
            where = data.get("id", "?") if isinstance(data, dict) else "?"
            log.error("discord: %s %s is not as documented, and was left out: %r", name, where, error)  # noqa: TRY400 (the library's lines tell no more)

    return parse_if_possible
