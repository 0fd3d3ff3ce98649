"""PURE: a message of Discord as the page draws it."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.interactions import LOADING, Interaction
from sandbox.worlds import Worlds

Json = dict[str, Any]

EPHEMERAL = 1 << 6
ROW, BUTTON = 1, 2
"""Types of components."""
APP_COMMAND = 2
"""Type of the interactions whose answers tell what was asked."""


def channel(worlds: Worlds, name: str) -> Json:
    """Return a channel: its messages, and the whispers, each of which only one person sees."""
    channel_id = worlds.discord.channel_id(name)
    messages = worlds.discord.messages(name)
    return {
        "name": name,
        "url": f"https://discord.com/channels/{worlds.discord.guild_id}/{channel_id}",
        "messages": [_message(message) for message in messages],
        "whispers": [
            whisper
            for interaction in worlds.discord.interactions
            if interaction.payload["channel_id"] == channel_id
            for whisper in _whispers(interaction)
        ],
    }


def _message(message: Json) -> Json:
    return {
        "id": message["id"],
        "author": _author(message),
        "is_bot": message["author"]["bot"],
        "time": message["timestamp"],
        "edited": message["edited_timestamp"],
        "content": message["content"],
        "answers": _answered(message),
        "attachments": [
            {"id": file["id"], "name": file["filename"], "bytes": file["size"], "type": file.get("content_type", "")}
            for file in message["attachments"]
        ],
        "embeds": message["embeds"],
        "rows": [list(_buttons(row)) for row in message["components"] if row["type"] == ROW],
        "reactions": [
            {"emoji": reaction["emoji"]["name"], "count": reaction["count"]}
            for reaction in message.get("reactions", ())
        ],
    }


def _whispers(interaction: Interaction) -> Iterator[Json]:
    """Yield the answers that only the person who asked can see."""
    payload = interaction.payload
    asked = _asked(payload["data"]) if payload["type"] == APP_COMMAND else None
    for message in interaction.messages:
        if message["flags"] & EPHEMERAL:
            yield {
                **_message(message),
                "only_for": payload["member"]["user"]["id"],
                "asked": asked and {"author": payload["member"]["user"]["global_name"], "content": asked},
                "is_thinking": bool(message["flags"] & LOADING),
            }


def _asked(data: Json) -> str:
    """Return a command as it was used: `/name subcommand`, or a message command's name."""
    path = [data["name"]]
    while (inner := data.get("options")) and inner[0]["type"] in (1, 2):
        data = inner[0]
        path.append(data["name"])
    return " ".join(path) if data.get("type") == 3 else f"/{' '.join(path)}"


def _answered(message: Json) -> Json | None:
    """Return what a reply replies to; its `id` is None where that was deleted."""
    if message["type"] != 19:
        return None
    answered = message["referenced_message"]
    if answered is None:
        if message["flags"] & EPHEMERAL:  # it answers another whisper
            return None
        return {"id": None, "author": None, "content": "Original message was deleted"}
    return {"id": answered["id"], "author": _author(answered), "content": _gist(answered)}


def _author(message: Json) -> str:
    author = message["author"]
    return str(author["global_name"] or author["username"])


def _gist(message: Json) -> str:
    """Return what stands for a message where it is answered."""
    titles = [embed["title"] for embed in message["embeds"] if "title" in embed]
    return str(message["content"] or ", ".join(titles or [file["filename"] for file in message["attachments"]]))


def _buttons(row: Json) -> Iterator[Json]:
    for button in row["components"]:
        if button["type"] == BUTTON:
            yield {
                "label": button.get("label", ""),
                "emoji": button.get("emoji", {}).get("name", ""),
                "style": button["style"],
                "custom_id": button.get("custom_id"),
                "url": button.get("url"),
                "disabled": button.get("disabled", False),
            }
