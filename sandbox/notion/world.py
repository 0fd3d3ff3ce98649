"""Notion on loopback: data sources, pages and blocks with the limits of the real one, and a person's hand in it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

from aiohttp import web

from sandbox.notion import columns, values
from sandbox.notion.calls import Call, Endpoint
from sandbox.notion.databases import DISCORD_MESSAGES, DRIVE_UPLOADS, VIDEOS
from sandbox.notion.endpoints import ENDPOINTS
from sandbox.notion.errors import Refusal
from sandbox.notion.file_upload import AttachedFile
from sandbox.notion.forms import read_body
from sandbox.notion.gate import Gate
from sandbox.notion.members import PERSON, Plan
from sandbox.notion.objects import Database, DataSource, Page
from sandbox.notion.oracle import Oracle
from sandbox.notion.uploads import Uploads
from sandbox.notion.workspace import Workspace
from sandbox.server import SPECS, Exchange, World

Schema = dict[str, str | dict[str, Any]]
"""A column's type, or its schema as a request has it, by its name."""


class NotionWorld(World):
    """A workspace with one connection. A client's `base_url` is `url`."""

    name = "notion"

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.plan = Plan()
        self.uploads = Uploads(self.plan, lambda: self.url)
        self.workspace = Workspace(self.plan, self.uploads)
        self._oracle = Oracle.in_folder(SPECS)

    @property
    def token(self) -> str:
        """The connection's secret."""
        return self.gate.token

    def routes(self) -> Iterable[web.RouteDef]:
        for method, path, endpoint in ENDPOINTS:
            yield web.route(method, path, functools.partial(self._serve, endpoint))
        yield web.get("/files/{id}/{name}", self.uploads.download)
        yield web.route("*", "/{path:.*}", self._unknown)

    def check(self, exchange: Exchange) -> Iterable[str] | None:
        if self._oracle is None or exchange.path.startswith("/files/"):
            return None
        return self._oracle.violations(exchange)

    # What a person does in Notion.

    def add_database(self, title: str, schema: Schema) -> str:
        """Return the id of a new database with one data source."""
        database = Database(title=title, created_by=PERSON)
        self._add_source(database, title, schema)
        return database.id

    def add_data_source(self, database_id: str, name: str, schema: Schema) -> str:
        """Return the id of one more data source of a database."""
        return self._add_source(self.workspace.database(database_id), name, schema)

    def audit_database(self) -> str:
        return self.add_database("Discord Message Database", DISCORD_MESSAGES)

    def videos_database(self) -> str:
        return self.add_database("Videos", VIDEOS)

    def drive_uploads_database(self) -> str:
        return self.add_database("Drive uploads", DRIVE_UPLOADS)

    def add_page(self, database_id: str, cells: Mapping[str, Any]) -> str:
        """Return the id of a new page in a database's first data source; cells are plain values by column name."""
        page = Page(source=self.workspace.database(database_id).sources[0], created_by=PERSON)
        self.workspace.add_page(page)
        self.edit_page(page.id, cells)
        return page.id

    def edit_page(self, page_id: str, cells: Mapping[str, Any]) -> None:
        """Fill in cells by hand."""
        page = self.workspace.page(page_id)
        kinds = {column.name: column.type for column in page.source.columns}
        properties = {name: {kinds[name]: values.REQUESTS[kinds[name]](cells[name])} for name in cells}
        page.fill(page.source.parsed(properties, self.uploads))
        self.changed()

    def trash(self, page_id: str) -> None:
        self.workspace.page(page_id).in_trash = True
        self.changed()

    # What a person sees in Notion.

    def data_sources(self, database_id: str) -> list[str]:
        return [source.id for source in self.workspace.database(database_id).sources]

    def pages(self, database_id: str) -> list[str]:
        """Return the ids of a database's pages, oldest first, without those in the trash."""
        sources = self.workspace.database(database_id).sources
        return [page.id for source in sources for page in self.workspace.pages_of(source)]

    def page_values(self, page_id: str) -> dict[str, Any]:
        """Return plain values by column name: text as str, an option's name, a date's start, files' urls as a list."""
        page = self.workspace.page(page_id)
        return {column.name: page.plain(column) for column in page.source.columns}

    def page_files(self, page_id: str, name: str) -> dict[str, bytes]:
        """Return the uploads in a page's `files` column: their content by the name that is shown."""
        page = self.workspace.page(page_id)
        column = page.source.column(name)
        files = [] if column is None else page.value(column)
        return {file.name: file.upload.content for file in files if isinstance(file, AttachedFile)}

    def page_blocks(self, page_id: str) -> list[tuple[str, dict[str, Any]]]:
        """Return type and content of a page's blocks."""
        return [(block.type, block.content) for block in self.workspace.children(page_id)]

    def status_history(self, page_id: str, name: str = "Transcript Process Status") -> list[Any]:
        """Return the plain values of every accepted request's write to a property, oldest first."""
        page = self.workspace.page(page_id)
        column = page.source.column(name)
        return [value for identifier, value in page.history if column is not None and identifier == column.id]

    def _add_source(self, database: Database, name: str, schema: Schema) -> str:
        made = [columns.made(column, kind) for column, kind in schema.items()]
        source = DataSource(name=name, database=database, columns=made, created_by=PERSON)
        self.workspace.add_source(source)
        self.changed()
        return source.id

    async def _serve(self, endpoint: Endpoint, request: web.Request) -> web.Response:
        self.gate.admit(request)
        call = Call(request.match_info.get("id", ""), request.query, await read_body(request))
        return web.json_response(endpoint(self.workspace, call) | {"request_id": str(uuid4())})

    async def _unknown(self, request: web.Request) -> web.Response:
        self.gate.admit(request)
        raise Refusal(400, "invalid_request_url", "Invalid request URL.")
