"""The kinds of files that may be uploaded (developers.notion.com/guides/data-apis/working-with-files-and-media)."""

from pathlib import PurePath
from typing import Any

from sandbox.notion.errors import at_most, expect, invalid

_OFFICE = "application/vnd.openxmlformats-officedocument."
TYPES: dict[str, tuple[str, ...]] = {
    "audio/aac": (".aac", ".adts"),
    "audio/midi": (".mid", ".midi"),
    "audio/mpeg": (".mp3", ".mpga"),
    "audio/mp4": (".m4a", ".m4b"),
    "audio/ogg": (".ogg", ".oga"),
    "audio/wav": (".wav",),
    "audio/x-ms-wma": (".wma",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt",),
    "application/json": (".json",),
    "application/msword": (".doc", ".dot"),
    f"{_OFFICE}wordprocessingml.document": (".docx",),
    f"{_OFFICE}wordprocessingml.template": (".dotx",),
    "application/vnd.ms-excel": (".xls", ".xlt", ".xla"),
    f"{_OFFICE}spreadsheetml.sheet": (".xlsx",),
    f"{_OFFICE}spreadsheetml.template": (".xltx",),
    "application/vnd.ms-powerpoint": (".ppt", ".pot", ".pps", ".ppa"),
    f"{_OFFICE}presentationml.presentation": (".pptx",),
    f"{_OFFICE}presentationml.template": (".potx",),
    "image/gif": (".gif",),
    "image/heic": (".heic",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/svg+xml": (".svg",),
    "image/tiff": (".tiff", ".tif"),
    "image/webp": (".webp",),
    "image/vnd.microsoft.icon": (".ico",),
    "video/x-amv": (".amv",),
    "video/x-ms-asf": (".asf", ".wmv"),
    "video/x-msvideo": (".avi",),
    "video/x-f4v": (".f4v",),
    "video/x-flv": (".flv",),
    "video/mp4": (".mp4", ".gifv", ".m4v"),
    "application/mp4": (".mp4",),
    "video/webm": (".webm", ".mkv"),
    "video/quicktime": (".mov", ".qt"),
    "video/mpeg": (".mpeg",),
}
"""Extensions by content type. The table names both lists; which belongs to which is common use."""


def named(filename: Any, content_type: Any) -> tuple[str | None, str | None]:
    """Return a file's name and content type, each told from the other where it lacks; refuse what Notion would."""
    kind = checked_type(content_type)
    if filename is None:
        return None, kind
    expect(str, filename, "a string", "body.filename")
    name = str(filename)
    if kind is not None and not PurePath(name).suffix:
        name += TYPES[kind][0]
    at_most(900, len(name.encode()), "the size of body.filename in bytes")
    extension = PurePath(name).suffix.lower()
    meant = next((known for known, extensions in TYPES.items() if extension in extensions), None)
    if meant is None:
        raise invalid("Provided `filename` has an extension that is not supported for the File Upload API.")
    return name, kind or meant


def checked_type(content_type: Any) -> str | None:
    """Return a content type without its parameters; None for "any bytes", which is no type to Notion."""
    if content_type is None:
        return None
    expect(str, content_type, "a string", "body.content_type")
    kind = str(content_type).partition(";")[0].strip().lower()
    if kind == "application/octet-stream":
        return None
    if kind not in TYPES:
        raise invalid(f"The content type {kind} is not supported for the File Upload API.")
    return kind
