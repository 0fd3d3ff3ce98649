"""The page of a job in Notion: found before it is made, by Message ID and Video ID together."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from weakref import WeakValueDictionary

from config.notion_config import COLUMN_TYPES, OPTIONAL_KEYS
from services.clients.notion import DataSource, NotionClient, Page
from services.clients.notion_properties import Json, copied, equals, plain_text
from services.clients.notion_wire import NotFoundError, RefusedError
from services.jobs.eta import Forecast
from services.jobs.job import Job
from services.pipeline.page import (
    REPEATED_KEYS,
    Values,
    column_of,
    encoded,
    final_values,
    opening_values,
    planted_id,
    progress_values,
)
from services.pipeline.stage import need
from services.turns import Alone, no_others

log = logging.getLogger(__name__)


class Pages:
    """Opens and completes pages, `alone` where several processes do. `clock` returns the time in the settings' zone."""

    def __init__(self, notion: NotionClient, clock: Callable[[], datetime], alone: Alone = no_others) -> None:
        self._notion = notion
        self._alone = alone
        self._clock = clock
        self._ids: dict[str, str] = {}
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._warned: set[tuple[str, str]] = set()

    async def opened(self, job: Job) -> str:
        """Return the id of the job's page, which shows who posted what; made if it is not there."""
        if job.page_id:
            return job.page_id
        if job.id in self._ids:
            return self._ids[job.id]
        async with self._turn_of(job):
            if job.id not in self._ids:
                page = await self._written(job, partial(self._find_or_open, job))
                self._ids[job.id] = page.id
            return self._ids[job.id]

    async def details(self, job: Job, forecast: Forecast) -> dict[str, Json]:
        """Return the properties that tell how far a job is; none where the database has no columns for that.

        For one that is taken up again, the error of its last end is emptied.
        """
        values = progress_values(job, forecast, self._clock())
        if job.is_taken_up_again:
            values["process_errors"] = ""
        return self._encoded(job, values, await self._notion.data_source(job.route.database))

    def has_page(self, job: Job) -> bool:
        """Whether the job's page is there from the start, not only when the video is done."""
        return job.route.has_status_hooks or job.page_id is not None

    async def table(self, job: Job) -> DataSource:
        return await self._notion.data_source(job.route.database)

    async def complete(self, job: Job, files: Values | None = None) -> Page:
        """Write the final properties, the final status with them, in one request. Returns the page.

        `files` are those that Notion keeps itself.
        """
        artifacts = job.artifacts
        metadata, transcript = need(artifacts.metadata, "metadata"), need(artifacts.transcript, "transcript")
        stored = need(artifacts.stored, "stored files")
        values = final_values(job, metadata, transcript, stored, self._clock()) | (files or {})
        return await self._written(job, partial(self._complete, job, values))

    async def lacks(self, job: Job) -> str | None:
        """Return a sentence for people where the table has no columns for status and error; None: it has both."""
        lost = _lost_columns(job, await self.table(job))
        if not lost:
            return None
        return f"The page's database has no column {' and '.join(lost)} any more: somebody must give it back."

    @asynccontextmanager
    async def in_sight(self, job: Job) -> AsyncIterator[None]:
        """Tell a page that is gone from a database that is.

        Raises:
            DatabaseError: the whole database is out of the bot's sight, which a person must mend.
        """
        try:
            yield
        except NotFoundError:
            await self._notion.data_source(job.route.database, kept=False)
            raise

    async def repeat(self, job: Job, done: Page) -> Page:
        """Let the job's page say what the page of an earlier post says. Returns it."""
        page_id, table = await self.opened(job), await self.table(job)
        columns = {column_of(key, job.route.field_map, table) for key in REPEATED_KEYS & job.route.field_map.keys()}
        repeated = {name: prop for name in columns & done.properties.keys() if (prop := copied(done.properties[name]))}
        ending = {
            "video_id": planted_id(job),
            "discord_channel": job.route.channel,
            "status": job.route.final_status,
            "process_errors": "",
            **progress_values(job, Forecast(), self._clock()),
        }
        self.forget(job)
        return await self._notion.update_page(page_id, repeated | self._encoded(job, ending, table))

    def forget(self, job: Job) -> None:
        """Keep nothing of a job that has ended."""
        self._ids.pop(job.id, None)

    async def _complete(self, job: Job, values: Values, table: DataSource) -> Page:
        if self.has_page(job):
            page_id = await self.opened(job)
            page = await self._notion.update_page(page_id, self._encoded(job, values, table))
            self.forget(job)
            return page
        properties = self._encoded(job, opening_values(job) | values, table)  # none was opened that has them
        async with self._turn_of(job):
            found = await self._find(job, table)
            if found:
                return await self._notion.update_page(found.id, properties)
            return await self._notion.create_page(table, properties)

    async def _written(self, job: Job, write: Callable[[DataSource], Awaitable[Page]]) -> Page:
        """Write by the table's columns as they are known; where Notion refuses that, as they are by now."""
        table = await self.table(job)
        if _lost_columns(job, table):  # they may have been given back
            table = await self._notion.data_source(job.route.database, kept=False)
        try:
            return await write(table)
        except RefusedError:
            now = await self._notion.data_source(job.route.database, kept=False)
            if now == table:
                raise
            log.warning("notion: the columns of %s's database have changed", job.route.channel)
            return await write(now)

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
        if not {"message_id", "video_id"} & job.route.field_map.keys() and job.artifacts.stored:
            known = {"drive_folder_link": job.artifacts.stored.folder.url}
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

    @asynccontextmanager
    async def _turn_of(self, job: Job) -> AsyncIterator[None]:
        """One at a time for a message: its videos must not adopt the same page."""
        lock = self._locks.setdefault(job.origin.message_id, asyncio.Lock())
        async with lock, self._alone(f"pages of {job.origin.message_id}"):
            yield


def _video_id(page: Page, job: Job) -> str:
    prop = page.properties.get(job.route.field_map.get("video_id", ""))
    return plain_text(prop) if prop else ""


def _lost_columns(job: Job, table: DataSource) -> list[str]:
    """Return the columns, with their types, without which a page cannot say how its video is."""
    wanted = {job.route.field_map[key]: COLUMN_TYPES[key] for key in sorted(job.route.required_keys)}
    return [f"{column} ({kind})" for column, kind in wanted.items() if table.columns.get(column) != kind]
