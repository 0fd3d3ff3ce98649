"""The columns of the databases that people of the field keep, as they spell them."""

from typing import Any

STATUSES = ("Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete", "Error")


def _select(*names: str) -> dict[str, Any]:
    return {"select": {"options": [{"name": name} for name in names]}}


DISCORD_MESSAGES: dict[str, str | dict[str, Any]] = {
    "Name": "title",
    "Author": "rich_text",
    "Message ID": "rich_text",
    "Date": "date",
    "Server": "rich_text",
    "Channel": "select",
    "Content": "rich_text",
    "Attached URL": "url",
    "Attached File": "files",
    "Message URL": "url",
    "Video Date and time": "date",
    "URL": "url",
    "Video ID": "rich_text",
    "YouTube Channel": "select",
    "YoutubeListingStatus": _select("Public", "Unlisted"),
    "GoogleDriveFolderLink": "url",
    "Video FIle Link": "url",
    "Audio File Link": "url",
    "Transcript File": "files",
    "Transcript SRT File": "files",
    "Transcript": "rich_text",
    "Transcript Process Status": _select(*STATUSES),
    "Lenght min": "number",
    "Processing time": "number",
    "ProcessErrors": "rich_text",
}
VIDEOS: dict[str, str | dict[str, Any]] = {
    "Name": "title",
    "Date": "date",
    "Video Date and time": "date",
    "Video Link": "url",
    "Live Video URL": "url",
    "Video ID": "rich_text",
    "YouTube Channel": "select",
    "Google drive Folder": "url",
    "GoogleDriveFolderLink": "url",
    "Video FIle Link": "url",
    "Audio File Link": "url",
    "Transcript File": "files",
    "Transcript SRT File": "files",
    "Transcript": "rich_text",
    "Discord Channel": "select",
    "Transcript Process Status": _select("complete"),
    "Lenght min": "number",
}
DRIVE_UPLOADS: dict[str, str | dict[str, Any]] = {
    "Name": "title",
    "Video Date and time": "date",
    "GoogleDriveFolderLink": "url",
    "Video FIle Link": "url",
    "Audio File Link": "url",
    "Transcript File": "files",
    "Transcript SRT File": "files",
    "Transcript": "rich_text",
    "Transcript Process Status": _select("Success"),
    "Lenght min": "number",
    "Processing time": "number",
    "ProcessErrors": "rich_text",
}
