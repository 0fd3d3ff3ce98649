"""PURE: what a person would see now in Discord, Notion and Drive, as one JSON value."""

from typing import Any

from sandbox.notion.objects import DataSource
from sandbox.worlds import Worlds

Json = dict[str, Any]

CHANNELS = ("audit-process", "market-outlook")
FIRST_COLUMNS = (
    *("Name", "Transcript Process Status", "ProcessErrors", "Lenght min", "Processing time", "Transcript"),
    *("GoogleDriveFolderLink", "Video FIle Link", "Audio File Link", "Transcript File", "Transcript SRT File", "URL"),
)
"""The columns that matter most; the others follow as the database has them."""


def snapshot(worlds: Worlds) -> Json:
    """Return channels with their messages, tables with their rows, the tree of Drive, and how the checks stand."""
    return {
        "connected": worlds.discord.connected,
        "checked": worlds.checked,
        "violations": worlds.violations,
        "channels": [_channel(worlds, name) for name in CHANNELS],
        "tables": [_table(worlds, database) for database in (worlds.audit_database, worlds.videos_database)],
        "drive": worlds.drive.tree(),
    }


def _channel(worlds: Worlds, name: str) -> Json:
    messages = worlds.discord.messages(name)
    return {"name": name, "messages": [_message(message) for message in messages]}


def _message(message: Json) -> Json:
    answered = message.get("referenced_message")
    return {
        "id": message["id"],
        "author": _author(message),
        "is_bot": message["author"]["bot"],
        "time": message["timestamp"],
        "content": message["content"],
        "answers": answered and {"author": _author(answered), "content": _gist(answered)},
        "attachments": [
            {"id": file["id"], "name": file["filename"], "bytes": file["size"], "type": file.get("content_type", "")}
            for file in message["attachments"]
        ],
        "embeds": message["embeds"],
        "buttons": _buttons(message),
        "reactions": [
            {"emoji": reaction["emoji"]["name"], "count": reaction["count"]}
            for reaction in message.get("reactions", ())
        ],
    }


def _author(message: Json) -> str:
    author = message["author"]
    return str(author["global_name"] or author["username"])


def _gist(message: Json) -> str:
    """Return what stands for a message where it is answered."""
    return str(message["content"] or ", ".join(file["filename"] for file in message["attachments"]))


def _buttons(parent: Json) -> list[Json]:
    """Return the buttons below a message, however deep they are laid out."""
    found = []
    for child in parent.get("components", ()):
        if child["type"] == 2:
            found.append({"label": child.get("label", ""), "url": child.get("url")})
        found += _buttons(child)
    return found


def _table(worlds: Worlds, database: str) -> Json:
    source = worlds.notion.workspace.database(database).sources[0]
    return {
        "id": database,
        "title": source.name,
        "columns": [{"name": name, "type": kind} for name, kind in _columns(source).items()],
        "rows": [{"id": page, "values": worlds.notion.page_values(page)} for page in worlds.notion.pages(database)],
    }


def _columns(source: DataSource) -> dict[str, str]:
    """Return the columns' types by name, in the order in which they are shown."""
    kinds = {column.name: column.type for column in source.columns}
    first = {name: kinds[name] for name in FIRST_COLUMNS if name in kinds}
    return first | kinds
