"""Databases, data sources, pages, blocks and users, and how Notion shows them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from sandbox.notion import text
from sandbox.notion.columns import Column
from sandbox.notion.errors import invalid
from sandbox.notion.members import BOT
from sandbox.notion.uploads import Uploads
from sandbox.notion.values import EMPTY, PLAIN, SHOWN


def now() -> str:
    """Return the time as Notion tells it: to the minute."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:00.000Z")


@dataclass(slots=True, kw_only=True)
class Thing:
    """What every object has."""

    id: str = field(default_factory=lambda: str(uuid4()))
    created_time: str = field(default_factory=now)
    last_edited_time: str = field(default_factory=now)
    created_by: str = BOT
    in_trash: bool = False

    @property
    def times(self) -> dict[str, Any]:
        return {
            "created_time": self.created_time,
            "last_edited_time": self.last_edited_time,
            "in_trash": self.in_trash,
            "archived": self.in_trash,
        }

    @property
    def authors(self) -> dict[str, Any]:
        return {
            "created_by": {"object": "user", "id": self.created_by},
            "last_edited_by": {"object": "user", "id": BOT},
        }

    def link(self, title: str = "") -> dict[str, Any]:
        slug = "-".join("".join(c if c.isalnum() else " " for c in title).split())
        return {
            "url": f"https://www.notion.so/{slug}{'-' if slug else ''}{self.id.replace('-', '')}",
            "public_url": None,
            "icon": None,
            "cover": None,
        }


@dataclass(slots=True, kw_only=True)
class Database(Thing):
    title: str
    sources: list[DataSource] = field(default_factory=list)
    parent_page: str = field(default_factory=lambda: str(uuid4()))

    @property
    def parent(self) -> dict[str, Any]:
        return {"type": "page_id", "page_id": self.parent_page}

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "object": "database",
            "id": self.id,
            **self.times,
            **self.link(),
            "title": text.parsed(text.of(self.title), "title"),
            "description": [],
            "parent": self.parent,
            "is_inline": False,
            "is_locked": False,
            "data_sources": [{"id": source.id, "name": source.name} for source in self.sources],
        }


@dataclass(slots=True, kw_only=True)
class DataSource(Thing):
    name: str
    database: Database
    columns: list[Column]

    def column(self, name_or_id: str) -> Column | None:
        return next((column for column in self.columns if name_or_id in (column.name, column.id)), None)

    def parsed(self, properties: dict[str, Any], uploads: Uploads) -> dict[str, Any]:
        """Return stored values by column id; raise one refusal that names every unknown or mistyped property."""
        columns = {key: self.column(key) for key in properties}
        problems = [problem for key, column in columns.items() if (problem := _problem(key, properties[key], column))]
        if problems:
            raise invalid(" ".join(problems))
        return {
            column.id: column.parsed(properties[key], uploads) for key, column in columns.items() if column is not None
        }

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "object": "data_source",
            "id": self.id,
            **self.times,
            **self.authors,
            **self.link(),
            "title": text.parsed(text.of(self.name), "title"),
            "description": [],
            "parent": {"type": "database_id", "database_id": self.database.id},
            "database_parent": self.database.parent,
            "is_inline": False,
            "properties": {column.name: column.described for column in self.columns},
        }


def _problem(key: str, value: Any, column: Column | None) -> str | None:
    if column is None:
        return f"{key} is not a property that exists."
    if column.type not in EMPTY:
        return f"{key} is read-only and cannot be updated."
    if not isinstance(value, dict) or column.type not in value:
        return f"{key} is expected to be {column.type}."
    return None


@dataclass(slots=True, kw_only=True)
class Page(Thing):
    source: DataSource
    values: dict[str, Any] = field(default_factory=dict)
    """Stored values by column id; a column without one is empty."""
    history: list[tuple[str, Any]] = field(default_factory=list)
    """Every write that was asked for and accepted, oldest first: column id and plain value."""
    is_locked: bool = False

    def fill(self, values: dict[str, Any]) -> None:
        """Store parsed values by column id."""
        for column in self.source.columns:
            if column.id in values:
                column.adopt(values[column.id])
        self.values |= values
        self.last_edited_time = now()

    def write(self, values: dict[str, Any]) -> None:
        """Store what a request asked for, and remember that it did."""
        self.fill(values)
        self.history += [(column.id, self.plain(column)) for column in self.source.columns if column.id in values]

    def value(self, column: Column) -> Any:
        if column.type == "created_time":
            return self.created_time
        return self.values.get(column.id, EMPTY[column.type])

    def answered(self, column: Column) -> Any:
        """Return a value as an answer has it."""
        value = self.value(column)
        return SHOWN[column.type](value) if column.type in SHOWN else value

    def plain(self, column: Column) -> Any:
        """Return a value as a person would say it: text as str, an option's name, a date's start, files' urls."""
        return PLAIN[column.type](self.value(column))

    @property
    def title(self) -> str:
        return str(next(self.plain(column) for column in self.source.columns if column.type == "title"))

    def shown(self, only: Collection[str] = ()) -> dict[str, Any]:
        """Return the page object; `only` names the properties to show, by name or id, where it is given."""
        return {
            "object": "page",
            "id": self.id,
            **self.times,
            **self.authors,
            **self.link(self.title),
            "is_archived": False,
            "is_locked": self.is_locked,
            "parent": {
                "type": "data_source_id",
                "data_source_id": self.source.id,
                "database_id": self.source.database.id,
            },
            "properties": {
                column.name: {"id": column.id, "type": column.type, column.type: self.answered(column)}
                for column in self.source.columns
                if not only or column.id in only or column.name in only
            },
        }


@dataclass(slots=True, kw_only=True)
class Block(Thing):
    type: str
    content: dict[str, Any]
    parent: dict[str, Any]
    children: list[Block] = field(default_factory=list)

    @property
    def shown(self) -> dict[str, Any]:
        return {
            "object": "block",
            "id": self.id,
            **self.times,
            **self.authors,
            "parent": self.parent,
            "has_children": bool(self.children),
            "type": self.type,
            self.type: self.content,
        }
