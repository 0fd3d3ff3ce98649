"""Routes: which database, columns and folder a channel's videos go to. These are the defaults; a CHANNELS_FILE
changes them and adds others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

ActionType = Literal["update_origin", "create_new_page"]
ColumnType = Literal["title", "rich_text", "select", "url", "files", "date", "number"]


@dataclass(frozen=True, slots=True)
class ChannelRoute:
    """What happens with one channel's videos.

    `update_origin`: the page is opened when the message arrives, and its status is kept true all the way.
    `create_new_page`: one page is made when the video is done, none when it fails.
    """

    channel: str
    action_type: ActionType
    field_map: Mapping[str, str]
    """Our key to the database's column name. A key that is not here is not written."""
    title_format: str
    """The page's name; knows {title} and {date}."""
    final_status: str
    database: str = ""
    """Database id, data source id or page url, as the settings give it."""
    drive_folder: str | None = None
    """Id of the Drive folder that the video's own folder is made in; None: the bot's root folder."""
    language: str | None = None
    """The language spoken, as an ISO 639-1 code; None: detect it."""
    cards: bool = True
    """Whether each video has its live card in Discord. The reaction is there all the same."""
    channel_id: int | None = None
    """The channel's id in Discord; where it is set, the channel may be called anything."""

    @property
    def has_status_hooks(self) -> bool:
        """Whether the page's status and errors are written while the video is on its way."""
        return self.action_type == "update_origin"

    @property
    def required_keys(self) -> frozenset[str]:
        """The keys without whose columns statuses and errors cannot be told; all others may be left out."""
        return frozenset({"status", "process_errors"}) if self.has_status_hooks else frozenset()


# Column names stand as people's databases have them, misspellings included.
_RESULT_FIELDS = {
    "name": "Name",
    "video_date_time": "Video Date and time",
    "video_id": "Video ID",
    "drive_folder_link": "GoogleDriveFolderLink",
    "video_file": "Video FIle Link",
    "audio_file": "Audio File Link",
    "transcript_file": "Transcript File",
    "transcript_srt_file": "Transcript SRT File",
    "transcript_text": "Transcript",
    "status": "Transcript Process Status",
    "length_min": "Lenght min",
}

_MESSAGE_FIELDS = {
    "author": "Author",
    "message_id": "Message ID",
    "message_date": "Date",
    "server": "Server",
    "channel": "Channel",
    "content": "Content",
    "attached_url": "Attached URL",
    "attached_file": "Attached File",
    "message_url": "Message URL",
}

_PROGRESS_FIELDS = {
    "progress": "Progress",
    "stage_timings": "Stage Timings",
    "retry_count": "Retry Count",
    "queue_position": "Queue Position",
    "eta": "ETA",
}

OPTIONAL_KEYS = frozenset(_PROGRESS_FIELDS)
"""What people may add a column for, and mostly have not: where it is missing, nobody is warned."""

COLUMN_TYPES: Mapping[str, ColumnType] = {
    "name": "title",
    "author": "rich_text",
    "message_id": "rich_text",
    "message_date": "date",
    "server": "rich_text",
    "channel": "select",
    "content": "rich_text",
    "attached_url": "url",
    "attached_file": "files",
    "message_url": "url",
    "date": "date",
    "video_date_time": "date",
    "video_url": "url",
    "video_link": "url",
    "live_video_url": "url",
    "video_id": "rich_text",
    "youtube_channel": "select",
    "youtube_listing_status": "select",
    "drive_folder": "url",
    "drive_folder_link": "url",
    "video_file": "url",
    "audio_file": "url",
    "transcript_file": "files",
    "transcript_srt_file": "files",
    "transcript_text": "rich_text",
    "discord_channel": "select",
    "status": "select",
    "length_min": "number",
    "processing_time": "number",
    "process_errors": "rich_text",
    "progress": "number",
    "stage_timings": "rich_text",
    "retry_count": "number",
    "queue_position": "number",
    "eta": "date",
}
"""Each key of a `field_map`, and the type of its column in people's databases, in Notion's words."""

AUDIT_PROCESS = ChannelRoute(
    channel="audit-process",
    action_type="update_origin",
    field_map=_MESSAGE_FIELDS
    | _RESULT_FIELDS
    | _PROGRESS_FIELDS
    | {
        "video_url": "URL",
        "youtube_channel": "YouTube Channel",
        "youtube_listing_status": "YoutubeListingStatus",
        "processing_time": "Processing time",
        "process_errors": "ProcessErrors",
    },
    title_format="YouTube Video: {title}",
    final_status="Complete",
)

_VIDEOS = ChannelRoute(
    channel="market-outlook",
    action_type="create_new_page",
    field_map=_RESULT_FIELDS
    | {
        "date": "Date",
        "video_link": "Video Link",
        "live_video_url": "Live Video URL",
        "youtube_channel": "YouTube Channel",
        "drive_folder": "Google drive Folder",
        "discord_channel": "Discord Channel",
    },
    title_format="{date} - {title}",
    final_status="complete",
)

DRIVE_UPLOADS = ChannelRoute(
    channel="drive-uploads",
    action_type="create_new_page",
    field_map={key: column for key, column in _RESULT_FIELDS.items() if key != "video_id"}
    | {"processing_time": "Processing time", "process_errors": "ProcessErrors"},
    title_format="{title}",
    final_status="Success",
)

VIDEO_CHANNELS = ("market-outlook", "market-analysis-streams", "education", "mhc-recordings")

DEFAULTS = (AUDIT_PROCESS, *(replace(_VIDEOS, channel=channel) for channel in VIDEO_CHANNELS), DRIVE_UPLOADS)
"""Without their databases."""


@dataclass(frozen=True, slots=True)
class Routes:
    """The watched channels."""

    routes: tuple[ChannelRoute, ...]

    def find(self, channel_name: str, channel_id: int | None) -> ChannelRoute | None:
        """Return a channel's route: the one with its id, else the one with its name.

        The name in Discord may carry emoji: `🎙・market-outlook`.
        """
        plain = plain_name(channel_name)
        by_id = (route for route in self.routes if channel_id is not None and route.channel_id == channel_id)
        by_name = (route for route in self.routes if route.channel_id is None and plain_name(route.channel) == plain)
        return next(by_id, None) or next(by_name, None)


def default_routes(
    *,
    discord_message_db: str,
    videos_db: str | None,
    drive_uploads_db: str | None,
    drive_folders: Mapping[str, str],
) -> Routes:
    """Return the routes whose database is known. `drive_folders` maps a channel to a Drive folder's id."""
    databases = {AUDIT_PROCESS.channel: discord_message_db, DRIVE_UPLOADS.channel: drive_uploads_db}
    databases |= dict.fromkeys(VIDEO_CHANNELS, videos_db)
    return Routes(
        tuple(
            replace(route, database=database, drive_folder=drive_folders.get(route.channel))
            for route in DEFAULTS
            if (database := databases[route.channel])
        )
    )


def plain_name(channel_name: str) -> str:
    """Return what tells a channel's name from others: letters, digits and the dashes between them."""
    kept = (letter for letter in channel_name.casefold() if letter.isalnum() or letter in "-_")
    return "".join(kept).strip("-_")
