"""Notion: data sources and pages, through the official client, under one limiter."""

import asyncio
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import mktime_tz, parsedate_tz
from functools import partial
from typing import Any

import httpx
from notion_client import AsyncClient
from notion_client.errors import HTTPResponseError, RequestTimeoutError
from notion_client.helpers import async_collect_paginated_api

from services.clients.notion_properties import Json, encode
from services.errors import AuditscribeError, OperatorError, PermanentError, TransientError

log = logging.getLogger(__name__)

NOTION_VERSION = "2025-09-03"
_REQUESTS_A_SECOND = 3
"""Notion's limit, on average. A turn is free again a second after its answer: however long requests are under way, no
second sees more of them arrive."""
_TRIES_TOO_SOON = 4
_SOON_S = 10.0
"""A longer Retry-After is for whoever asked to decide upon."""
_DAY_S = 86_400.0
_TIMEOUT_MS = 30_000
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


class DatabaseError(OperatorError):
    """An address leads to no table, or not to one alone."""

    def __init__(self, message: str) -> None:
        super().__init__(message, provider="Notion")


class NotionClient:
    """All of this process's traffic to Notion. Close it with `aclose`."""

    def __init__(self, token: str, api_url: str = "https://api.notion.com") -> None:
        self._client = AsyncClient(
            auth=token, base_url=api_url, notion_version=NOTION_VERSION, timeout_ms=_TIMEOUT_MS, retry=False, logger=log
        )
        self._turns = asyncio.Semaphore(_REQUESTS_A_SECOND)
        self._not_before = 0.0
        self._is_down = False
        self.when_back: Callable[[], None] = lambda: None
        """Called when a request succeeds after one that found Notion down or busy."""
        self._data_sources: dict[str, DataSource] = {}

    async def aclose(self) -> None:
        await self._client.aclose()

    async def update_status_field(self, page_id: str, status_value: str, field_map: Mapping[str, str]) -> bool:
        """Write the status alone.

        Returns:
            True: Notion accepted it. False: `field_map` has no `status`.
        """
        if "status" not in field_map:
            return False
        await self.update_page(page_id, {field_map["status"]: encode(status_value, "select")})
        return True

    async def update_error_field(self, page_id: str, error_message: str, field_map: Mapping[str, str]) -> bool:
        """Write the error's text and the status `Error` in one request.

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
            },
        )
        return True

    async def data_source(self, address: str) -> DataSource:
        """Return the table at `address`: a database id, a data source id or a page url. Kept once it was found.

        Raises:
            DatabaseError: there is none that the bot's connection can see, or the database has several.
        """
        if address not in self._data_sources:
            self._data_sources[address] = await self._find_data_source(_id_in(address))
        return self._data_sources[address]

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

    async def create_page(self, data_source: DataSource, properties: Mapping[str, Json | None]) -> Page:
        parent = {"type": "data_source_id", "data_source_id": data_source.id}
        return _page(await self._send(self._client.pages.create, parent=parent, properties=properties))

    async def update_page(self, page_id: str, properties: Mapping[str, Json | None]) -> Page:
        return _page(await self._send(self._client.pages.update, page_id, properties=properties))

    async def append_once(self, page_id: str, blocks: Sequence[Json]) -> None:
        """Append blocks to a page that has none yet."""
        there = await self._send(self._client.blocks.children.list, page_id, page_size=1)
        if not there["results"]:
            await self._send(self._client.blocks.children.append, page_id, children=list(blocks))

    async def _find_data_source(self, notion_id: str) -> DataSource:
        try:
            database = await self._send(self._client.databases.retrieve, notion_id)
        except _NotFoundError:
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
        except _NotFoundError:
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

    async def _send(self, endpoint: Callable[..., Awaitable[Any]], *args: str, **kwargs: Any) -> Any:
        """Make a request; one that came too soon (429) was not carried out and is sent again when Notion wants it."""
        for _ in range(_TRIES_TOO_SOON - 1):
            try:
                return await self._send_once(endpoint, *args, **kwargs)
            except _TooSoonError as error:
                if error.retry_after is None or error.retry_after > _SOON_S:
                    raise
        return await self._send_once(endpoint, *args, **kwargs)

    async def _send_once(self, endpoint: Callable[..., Awaitable[Any]], *args: str, **kwargs: Any) -> Any:
        """Make one request in its turn; every failure becomes a named error."""
        loop = asyncio.get_running_loop()
        await self._turns.acquire()
        try:
            await asyncio.sleep(self._not_before - loop.time())
            answer = await endpoint(*args, **kwargs)
        except HTTPResponseError as error:
            named = _named(error)
            if isinstance(named, TransientError):
                self._is_down = True
                self._not_before = max(self._not_before, loop.time() + (named.retry_after or 0))
            raise named from error
        except (RequestTimeoutError, httpx.TransportError) as error:
            self._is_down = True
            raise TransientError("Notion cannot be reached at the moment.") from error
        finally:
            loop.call_later(1.0, self._turns.release)
        if self._is_down:
            self._is_down = False
            self.when_back()
        return answer


class _TooSoonError(TransientError):
    """Notion's limit of requests was exceeded."""


class _NotFoundError(PermanentError):
    """Notion has no such object, or does not show it to the bot's connection."""


def _named(error: HTTPResponseError) -> AuditscribeError:
    match error.status:
        case 401:
            return OperatorError("Notion does not accept the bot's token: renew NOTION_TOKEN.", provider="Notion")
        case 403:
            return OperatorError(
                "Notion does not let the bot's connection do this: let it read, insert and update content.",
                provider="Notion",
            )
        case 404:
            return _NotFoundError("The page is no longer in Notion, or no longer shared with the bot's connection.")
        case 429:
            return _TooSoonError("Notion is busy at the moment.", retry_after=_retry_after(error.headers))
        case 409 | 529 | 500 | 502 | 503 | 504:
            return TransientError("Notion is busy at the moment.", retry_after=_retry_after(error.headers))
    return PermanentError(f"Notion refused the page: {str(error).rstrip('.')}.")


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds to wait, a day at most: the header holds a number or a date (RFC 9110, 10.2.3)."""
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        until = parsedate_tz(value)
        if until is None:
            return None
        seconds = mktime_tz(until) - time.time()
    return min(max(seconds, 0.0), _DAY_S)


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
    return Page(answer["id"], answer.get("url", ""), answer.get("properties", {}))
