"""Notion: data sources and pages, through the official client."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from notion_client.helpers import async_collect_paginated_api

from services.clients.notion_properties import Json, encode
from services.clients.notion_wire import REQUESTS_A_SECOND, NotFoundError, NotionWire
from services.errors import OperatorError

_NOTHING: Mapping[str, Json] = {}
_ID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DataSource:
    """A table: its id, the type of each column by name, and the options of those that have some."""

    id: str
    columns: Mapping[str, str]
    options: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def title_column(self) -> str:
        """Every data source has exactly one title column, whatever its name."""
        return next(name for name, column_type in self.columns.items() if column_type == "title")


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `properties` as Notion gives them."""

    id: str
    url: str
    properties: Mapping[str, Json]
    data_source: str = ""
    """The id of the table that it is in; empty for a page that is in none."""


class DatabaseError(OperatorError):
    """An address leads to no table, or not to one alone."""

    def __init__(self, message: str) -> None:
        super().__init__(message, provider="Notion")


class NotionClient:
    """Tables and pages. `wire` carries all requests; close it with `aclose`."""

    def __init__(
        self, token: str, api_url: str = "https://api.notion.com", *, requests_a_second: int = REQUESTS_A_SECOND
    ) -> None:
        self.wire = NotionWire(token, api_url, requests_a_second)
        self._client, self._send = self.wire.client, self.wire.send
        self._data_sources: dict[str, DataSource] = {}

    async def aclose(self) -> None:
        await self.wire.aclose()

    async def update_status_field(
        self, page_id: str, status_value: str, field_map: Mapping[str, str], *, also: Mapping[str, Json] = _NOTHING
    ) -> bool:
        """Write the status alone, or with other properties in the same request.

        Returns:
            True: Notion accepted it. False: `field_map` has no `status`.
        """
        if "status" not in field_map:
            return False
        await self.update_page(page_id, {field_map["status"]: encode(status_value, "select"), **also})
        return True

    async def update_error_field(
        self, page_id: str, error_message: str, field_map: Mapping[str, str], *, also: Mapping[str, Json] = _NOTHING
    ) -> bool:
        """Write the error's text and the status `Error` in one request, with other properties if need be.

        Returns:
            True: Notion accepted both. False: `field_map` lacks `process_errors` or `status`.
        """
        if not {"process_errors", "status"} <= field_map.keys():
            return False
        await self.update_page(
            page_id,
            {
                field_map["process_errors"]: encode(error_message, "rich_text"),
                field_map["status"]: encode("Error", "select"),
                **also,
            },
        )
        return True

    async def connection_name(self) -> str:
        """Return the name of the connection that the token belongs to."""
        return str((await self._send(self._client.users.me))["name"])

    async def data_source(self, address: str, *, kept: bool = True) -> DataSource:
        """Return the table at `address`: a database id, a data source id or a page url.

        Kept once it was found; `kept` False looks at it again.

        Raises:
            DatabaseError: there is none that the bot's connection can see, or the database has several.
        """
        if not kept or address not in self._data_sources:
            self._data_sources[address] = await self._find_data_source(_id_in(address))
        return self._data_sources[address]

    async def schema(self, data_source: DataSource) -> dict[str, Json]:
        """Return the columns by name as Notion describes them now, with the ids and colours of their options."""
        columns: dict[str, Json] = (await self._send(self._client.data_sources.retrieve, data_source.id))["properties"]
        return columns

    async def add_to_schema(self, data_source: DataSource, columns: Mapping[str, Json]) -> None:
        """Create columns. For one that is there, `columns` must have all options: its list is replaced."""
        await self._send(self._client.data_sources.update, data_source.id, properties=columns)

    async def query(
        self, data_source: DataSource, conditions: Sequence[Json], *, newest_first: bool = False
    ) -> list[Page]:
        """Return the first hundred pages that meet all conditions, the oldest first or the newest."""
        wanted = _wanted(conditions, newest_first=newest_first)
        answer = await self._send(self._client.data_sources.query, data_source.id, **wanted)
        return [_page(result) for result in answer["results"]]

    async def query_all(self, data_source: DataSource, conditions: Sequence[Json]) -> list[Page]:
        """Return every page that meets all conditions, the oldest first."""
        query = partial(self._send, self._client.data_sources.query, data_source.id)
        results = await async_collect_paginated_api(query, **_wanted(conditions, newest_first=False))
        return [_page(result) for result in results]

    async def page(self, page_id: str) -> Page:
        """Return a page.

        Raises:
            NotFoundError: there is none that the bot's connection can see, or it is in the trash.
        """
        answer = await self._send(self._client.pages.retrieve, page_id)
        if answer.get("in_trash"):
            raise NotFoundError("The page is in Notion's trash.")
        return _page(answer)

    async def create_page(self, data_source: DataSource, properties: Mapping[str, Json | None]) -> Page:
        parent = {"type": "data_source_id", "data_source_id": data_source.id}
        return _page(await self._send(self._client.pages.create, parent=parent, properties=properties))

    async def update_page(self, page_id: str, properties: Mapping[str, Json | None]) -> Page:
        return _page(await self._send(self._client.pages.update, page_id, properties=properties))

    async def _find_data_source(self, notion_id: str) -> DataSource:
        try:
            database = await self._send(self._client.databases.retrieve, notion_id)
        except NotFoundError:
            return await self._retrieve_data_source(notion_id)
        sources = database["data_sources"]
        if len(sources) != 1:
            listed = ", ".join(f"{source['name']} ({source['id']})" for source in sources) or "none"
            raise DatabaseError(
                f"The Notion database {notion_id} has {len(sources)} data sources, set the id of one: {listed}."
            )
        return await self._retrieve_data_source(sources[0]["id"])

    async def _retrieve_data_source(self, data_source_id: str) -> DataSource:
        try:
            found = await self._send(self._client.data_sources.retrieve, data_source_id)
        except NotFoundError:
            raise DatabaseError(
                f"Notion shows no database {data_source_id}: share it with the bot's connection (••• > Connections)."
            ) from None
        columns = found["properties"].items()
        options = {name: column[column["type"]].get("options", ()) for name, column in columns}
        return DataSource(
            found["id"],
            {name: column["type"] for name, column in columns},
            {name: frozenset(option["name"] for option in known) for name, known in options.items() if known},
        )


def _id_in(address: str) -> str:
    """Return the id in a page url's path, or the id itself."""
    path = address.split("?", 1)[0]
    found = _ID.findall(path)
    if not found:
        raise DatabaseError("It is neither an id nor a page's address.")
    return str(found[-1])


def _wanted(conditions: Sequence[Json], *, newest_first: bool) -> Json:
    direction = "descending" if newest_first else "ascending"
    return {
        "filter": {"and": list(conditions)},
        "sorts": [{"timestamp": "created_time", "direction": direction}],
    }


def _page(answer: Json) -> Page:
    table = answer.get("parent", {}).get("data_source_id", "")
    return Page(answer["id"], answer.get("url", ""), answer.get("properties", {}), table)
