"""From settings to routes."""

from collections.abc import Mapping

from config.channels_file import load
from config.notion_config import Routes, default_routes
from config.settings import NotionSettings


def routes_of(settings: NotionSettings, drive_folders: Mapping[str, str]) -> Routes:
    """Return the watched channels; `drive_folders` maps a channel to a Drive folder's id.

    Raises:
        SettingsError: the CHANNELS_FILE is wrong, with one sentence for each fault.
    """
    defaults = default_routes(
        discord_message_db=settings.discord_message_db_id,
        videos_db=settings.videos_db_id,
        drive_uploads_db=settings.drive_uploads_db_id,
        drive_folders=drive_folders,
    )
    return load(settings.channels_file, defaults, drive_folders) if settings.channels_file else defaults
