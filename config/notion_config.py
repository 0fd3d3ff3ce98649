"""Routes: which database, columns and folder a channel's videos go to. These are the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

ActionType = Literal["update_origin", "create_new_page"]


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

    @property
    def has_status_hooks(self) -> bool:
        """Whether the page's status and errors are written while the video is on its way."""
        return self.action_type == "update_origin"


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
    "message_url": "Message URL",
}

AUDIT_PROCESS = ChannelRoute(
    channel="audit-process",
    action_type="update_origin",
    field_map=_MESSAGE_FIELDS
    | _RESULT_FIELDS
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
    field_map=_RESULT_FIELDS | {"processing_time": "Processing time", "process_errors": "ProcessErrors"},
    title_format="{title}",
    final_status="Success",
)

VIDEO_CHANNELS = ("market-outlook", "market-analysis-streams", "education", "mhc-recordings")


@dataclass(frozen=True, slots=True)
class Routes:
    """The watched channels."""

    routes: tuple[ChannelRoute, ...]

    def find(self, channel_name: str) -> ChannelRoute | None:
        """Return the route of a channel by its name in Discord, which may carry emoji: `🎙・market-outlook`."""
        plain = _without_emoji(channel_name)
        return next((route for route in self.routes if route.channel == plain), None)


def default_routes(
    *,
    discord_message_db: str,
    videos_db: str | None,
    drive_uploads_db: str | None,
    drive_folders: Mapping[str, str],
) -> Routes:
    """Return the routes whose database is known. `drive_folders` maps a channel to a Drive folder's id."""
    routes = [replace(AUDIT_PROCESS, database=discord_message_db)]
    if videos_db:
        routes += [replace(_VIDEOS, channel=channel, database=videos_db) for channel in VIDEO_CHANNELS]
    if drive_uploads_db:
        routes.append(replace(DRIVE_UPLOADS, database=drive_uploads_db))
    return Routes(tuple(replace(route, drive_folder=drive_folders.get(route.channel)) for route in routes))


def _without_emoji(channel_name: str) -> str:
    kept = (letter for letter in channel_name.casefold() if letter.isalnum() or letter in "-_")
    return "".join(kept).strip("-_")
