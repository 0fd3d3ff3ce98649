"""PURE: what a person would see now in Discord, Notion and Drive, as one JSON value."""

from typing import Any

from sandbox.demo.messages import channel
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
        "channels": [channel(worlds, name) for name in CHANNELS],
        "tables": [_table(worlds, database) for database in (worlds.audit_database, worlds.videos_database)],
        "drive": worlds.drive.tree(),
    }


def _table(worlds: Worlds, database: str) -> Json:
    source = worlds.notion.workspace.database(database).sources[0]
    return {
        "id": database,
        "title": source.name,
        "columns": [{"name": name, "type": kind} for name, kind in _columns(source).items()],
        "rows": [{"id": page, "values": _values(worlds, page)} for page in worlds.notion.pages(database)],
    }


def _values(worlds: Worlds, page_id: str) -> Json:
    """Return plain values by column name; a file is its name and address, which says little by itself."""
    page = worlds.notion.workspace.page(page_id)
    files = {
        column.name: [{"name": file["name"], "url": file[file["type"]]["url"]} for file in page.answered(column)]
        for column in page.source.columns
        if column.type == "files"
    }
    return worlds.notion.page_values(page_id) | files


def _columns(source: DataSource) -> dict[str, str]:
    """Return the columns' types by name, in the order in which they are shown."""
    kinds = {column.name: column.type for column in source.columns}
    first = {name: kinds[name] for name in FIRST_COLUMNS if name in kinds}
    return first | kinds
