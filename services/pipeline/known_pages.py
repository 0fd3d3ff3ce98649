"""What Notion knows of videos, whatever became of the ledger. Reads only."""

from dataclasses import dataclass

from config.notion_config import ChannelRoute
from services.clients.notion import NotionClient, Page
from services.clients.notion_properties import Json, equals, is_empty, plain_text
from services.jobs.job import Job, Stage
from services.pipeline.page import planted_id

_UNDER_WAY = (Stage.PROCESSING, Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING)


@dataclass(frozen=True, slots=True)
class UnfinishedPage:
    """A page that shows no end of its video's job yet."""

    id: str
    message_id: int
    message_url: str
    video_id: str


class KnownPages:
    """Looks into the routes' databases."""

    def __init__(self, notion: NotionClient) -> None:
        self._notion = notion

    async def find_done(self, job: Job) -> Page | None:
        """Return the oldest page on which the job's video is done, be it this job's own or that of an earlier post."""
        table, field_map = await self._notion.data_source(job.route.database), job.route.field_map
        wanted = {"video_id": planted_id(job), "status": job.route.final_status, "discord_channel": job.route.channel}
        columns = {key: field_map[key] for key in wanted if key in field_map}
        if not {"video_id", "status"} <= columns.keys() or not set(columns.values()) <= table.columns.keys():
            return None
        for key in ("status", "discord_channel"):
            if key in columns and wanted[key] not in table.options.get(columns[key], ()):
                return None
        conditions = [equals(name, table.columns[name], wanted[key]) for key, name in columns.items()]
        return next(iter(await self._notion.query(table, conditions)), None)

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
