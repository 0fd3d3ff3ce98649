"""The page of a job in Notion: found before it is made, by Message ID and Video ID together."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from config.notion_config import OPTIONAL_KEYS, ChannelRoute
from services.clients.notion import DataSource, NotionClient, Page
from services.clients.notion_properties import Json, equals, is_empty, plain_text
from services.jobs.eta import Forecast
from services.jobs.job import Job, Stage
from services.pipeline.page import (
    Values,
    column_of,
    encoded,
    final_values,
    opening_values,
    planted_id,
    progress_values,
    repost_blocks,
)
from services.pipeline.stage import need

log = logging.getLogger(__name__)

_UNDER_WAY = (Stage.PROCESSING, Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING)


@dataclass(frozen=True, slots=True)
class UnfinishedPage:
    """A page that shows no end of its video's job yet."""

    id: str
    message_id: int
    message_url: str
    video_id: str


class Pages:
    """Opens and completes pages. `clock` returns the time in the zone of the settings."""

    def __init__(self, notion: NotionClient, clock: Callable[[], datetime]) -> None:
        self._notion = notion
        self._clock = clock
        self._ids: dict[str, str] = {}
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._warned: set[tuple[str, str]] = set()

    async def opened(self, job: Job) -> str:
        """Return the id of the job's page, which shows who posted what; made if it is not there."""
        if job.page_id:
            return job.page_id
        async with self._turn_of(job):
            if job.id not in self._ids:
                table = await self._notion.data_source(job.route.database)
                self._ids[job.id] = (await self._find_or_open(job, table)).id
            return self._ids[job.id]

    async def details(self, job: Job, forecast: Forecast) -> dict[str, Json]:
        """Return the properties that tell how far a job is; none where the database has no columns for that.

        For one that is taken up again, the error of its last end is emptied.
        """
        values = progress_values(job, forecast, self._clock())
        if job.is_taken_up_again:
            values["process_errors"] = ""
        return self._encoded(job, values, await self._notion.data_source(job.route.database))

    async def complete(self, job: Job) -> Page:
        """Write the final properties, the final status with them, in one request. Returns the page."""
        artifacts = job.artifacts
        values = final_values(
            job,
            need(artifacts.metadata, "metadata"),
            need(artifacts.transcript, "transcript"),
            need(artifacts.stored, "stored files"),
            self._clock(),
        )
        has_page = job.route.has_status_hooks or job.page_id is not None
        if not has_page:  # none was opened that has them
            values = opening_values(job) | values
        table = await self._notion.data_source(job.route.database)
        properties = self._encoded(job, values, table)
        if has_page:
            page_id = await self.opened(job)
            if artifacts.first_page_url:
                await self._notion.append_once(page_id, repost_blocks(artifacts.first_page_url))
            page = await self._notion.update_page(page_id, properties)
            self.forget(job)
            return page
        async with self._turn_of(job):
            found = await self._find(job, table)
            if found:
                return await self._notion.update_page(found.id, properties)
            return await self._notion.create_page(table, properties)

    def forget(self, job: Job) -> None:
        """Keep nothing of a job that has ended."""
        self._ids.pop(job.id, None)

    async def unfinished(self, route: ChannelRoute) -> list[UnfinishedPage]:
        """Return the pages that show no end yet, the oldest first.

        A page without a Video ID was opened by an older flow and is left alone.
        """
        table = await self._notion.data_source(route.database)
        ids = ("message_id", "message_url", "video_id")
        columns = [column for key in (*ids, "status") if (column := route.field_map.get(key, "")) in table.columns]
        if len(columns) <= len(ids):
            return []
        *filled, status = columns
        options = [option for option in _UNDER_WAY if option in table.options.get(status, ())]
        status_type = table.columns[status]
        conditions: list[Json] = [is_empty(column, table.columns[column], empty=False) for column in filled]
        still = [is_empty(status, status_type), *(equals(status, status_type, option) for option in options)]
        found = await self._notion.query_all(table, [*conditions, {"or": still}])
        texts = ((page.id, *(plain_text(page.properties[column]) for column in filled)) for page in found)
        return [
            UnfinishedPage(page_id, int(message_id), url, video_id)
            for page_id, message_id, url, video_id in texts
            if message_id.isdecimal()
        ]

    async def newest_message_id(self, route: ChannelRoute, channel_name: str) -> int | None:
        """Return the id of the newest of a channel's messages that has a page; None where Notion knows of none."""
        if "message_id" not in route.field_map:
            return None
        table = await self._notion.data_source(route.database)
        column, channel = route.field_map["message_id"], route.field_map.get("channel", "")
        if column not in table.columns or channel_name not in table.options.get(channel, ()):
            return None
        of_channel = equals(channel, table.columns[channel], channel_name)
        conditions = [is_empty(column, table.columns[column], empty=False), of_channel]
        found = await self._notion.query(table, conditions, newest_first=True)
        texts = (plain_text(page.properties[column]) for page in found)
        return max((int(text) for text in texts if text.isdecimal()), default=None)

    async def _find_or_open(self, job: Job, table: DataSource) -> Page:
        found = await self._find(job, table)
        if found and _video_id(found, job) == planted_id(job):
            return found
        properties = self._encoded(job, opening_values(job), table)
        if found:
            return await self._notion.update_page(found.id, properties)
        return await self._notion.create_page(table, properties)

    async def _find(self, job: Job, table: DataSource) -> Page | None:
        """Return the video's page, else one of its message that an older flow opened without a Video ID."""
        known: Values = {"message_id": str(job.origin.message_id)}
        if "message_id" not in job.route.field_map:
            known = {"video_id": planted_id(job), "discord_channel": job.route.channel}
        conditions = [
            equals(column, table.columns[column], str(value))
            for key, value in known.items()
            if key in job.route.field_map and (column := column_of(key, job.route.field_map, table)) in table.columns
        ]
        if not conditions:
            return None
        pages = {_video_id(page, job): page for page in reversed(await self._notion.query(table, conditions))}
        return pages.get(planted_id(job)) or pages.get("")

    def _encoded(self, job: Job, values: Values, table: DataSource) -> dict[str, Json]:
        result = encoded(values, job.route.field_map, table)
        offered = {job.route.field_map[key] for key in OPTIONAL_KEYS & job.route.field_map.keys()}
        for column in result.left_out:
            if column not in offered and (table.id, column) not in self._warned:
                self._warned.add((table.id, column))
                log.warning("notion: the database of %s has no fitting column %r", job.route.channel, column)
        return result.properties

    def _turn_of(self, job: Job) -> asyncio.Lock:
        """One at a time for a message: its videos must not adopt the same page."""
        return self._locks.setdefault(job.origin.message_id, asyncio.Lock())


def _video_id(page: Page, job: Job) -> str:
    prop = page.properties.get(job.route.field_map.get("video_id", ""))
    return plain_text(prop) if prop else ""
