"""What is in a Notion workspace, and how it is found by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from sandbox.notion.errors import invalid, not_found
from sandbox.notion.members import Plan
from sandbox.notion.objects import Block, Database, DataSource, Page
from sandbox.notion.uploads import Uploads

Found = TypeVar("Found")


@dataclass(slots=True)
class Workspace:
    plan: Plan
    uploads: Uploads
    databases: dict[str, Database] = field(default_factory=dict)
    sources: dict[str, DataSource] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    content: dict[str, list[Block]] = field(default_factory=dict)
    """The blocks of each page, by its id."""

    def database(self, identifier: str) -> Database:
        return _found(self.databases, identifier, "database")

    def source(self, identifier: str) -> DataSource:
        return _found(self.sources, identifier, "data_source")

    def page(self, identifier: str) -> Page:
        return _found(self.pages, identifier, "page")

    def block(self, identifier: str) -> Block:
        """Return a block, or the block that stands for a page."""
        known: dict[str, Block] = {**{page.id: _as_block(page) for page in self.pages.values()}, **self.blocks}
        return _found(known, identifier, "block")

    def children(self, identifier: str) -> list[Block]:
        """Return the list that holds a page's or a block's children, to be read or changed."""
        block = self.block(identifier)
        return self.content[block.id] if block.type == "child_page" else block.children

    def pages_of(self, source: DataSource, *, in_trash: bool = False) -> list[Page]:
        """Return a data source's pages, oldest first."""
        return [page for page in self.pages.values() if page.source is source and page.in_trash is in_trash]

    def add_source(self, source: DataSource) -> None:
        source.database.sources.append(source)
        self.databases[source.database.id] = source.database
        self.sources[source.id] = source

    def add_page(self, page: Page) -> None:
        self.pages[page.id] = page
        self.content[page.id] = []

    def add_blocks(self, blocks: list[Block]) -> None:
        for block in blocks:
            self.blocks[block.id] = block
            self.add_blocks(block.children)


def uuid(identifier: str, where: str) -> str:
    """Return an id with its dashes; refuse what is none."""
    try:
        return str(UUID(identifier))
    except ValueError:
        part = where.partition(".")[0]
        words = f"{part} failed validation: {where} should be a valid uuid, instead was `{identifier!r}`."
        raise invalid(words) from None


def _found(things: Mapping[str, Found], identifier: str, kind: str) -> Found:
    known = things.get(uuid(identifier, f"path.{kind}_id"))
    if known is None:
        raise not_found(kind, identifier)
    return known


def _as_block(page: Page) -> Block:
    parent = {"type": "data_source_id", "data_source_id": page.source.id, "database_id": page.source.database.id}
    return Block(
        id=page.id,
        created_time=page.created_time,
        last_edited_time=page.last_edited_time,
        created_by=page.created_by,
        in_trash=page.in_trash,
        type="child_page",
        content={"title": page.title},
        parent=parent,
    )
