"""PURE: values to Notion's property shapes, and back to text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.words import readable, utf16_cut, utf16_units

TEXT_UNITS = 2000
"""UTF-16 units of one text object (Notion: request limits)."""
_ARRAY = 100
_SELECT_NAME = 100
_FILE_NAME = 100
_EXTENSION = re.compile(r"(\.[A-Za-z0-9]{1,10}){1,2}$")
_URL_UNITS = 2000


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file that lies elsewhere, for a `files` column."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file that was uploaded to Notion, for a `files` column."""

    name: str
    upload_id: str


Value = str | float | date | datetime | FileLink | UploadedFile
Json = dict[str, Any]


def encode(value: Value, column_type: str) -> Json | None:
    """Return a property of a column's type that holds `value`; None where this type cannot hold it.

    An empty string empties a text, a number or a date.
    """
    held: Any = None
    match column_type, value:
        case (("title" | "rich_text"), (str() | int() | float())):
            held = rich_text(str(value))[:_ARRAY]
        case (("select" | "status"), str()) if name := _option(value):
            held = {"name": name}
        case "url", str() if 0 < utf16_units(value) <= _URL_UNITS:
            held = value
        case "number", (int() | float()):
            held = value
        case (("number" | "date"), ""):
            pass
        case "date", date():
            held = {"start": value.isoformat()}
        case "files", FileLink(name, url):
            held = [{"name": _file_name(name), "type": "external", "external": {"url": url}}]
        case "files", UploadedFile(name, upload_id):
            held = [{"name": _file_name(name), "type": "file_upload", "file_upload": {"id": upload_id}}]
        case _:
            return None
    return {column_type: held}


def equals(column: str, column_type: str, value: str) -> Json:
    """Return the query filter for pages whose text, title, select or url column is exactly `value`."""
    return {"property": column, column_type: {"equals": value}}


def is_empty(column: str, column_type: str, *, empty: bool = True) -> Json:
    """Return the query filter for pages that have nothing in a column, or have something."""
    return {"property": column, column_type: {"is_empty" if empty else "is_not_empty": True}}


def plain_text(prop: Mapping[str, Any]) -> str:
    """Return a page's title, text or url property as text; an empty string for other types."""
    held = prop.get(prop["type"]) or ()
    if isinstance(held, str):
        return held
    return "".join(part["plain_text"] for part in held if "plain_text" in part)


def copied(prop: Mapping[str, Any]) -> Json | None:
    """Return a page's property as it can be written to another page; None where that cannot be, or it is empty."""
    kind = prop["type"]
    held = prop.get(kind)
    match kind:
        case "title" | "rich_text":
            held = rich_text(plain_text(prop))[:_ARRAY]
        case "select" | "status" if held:
            held = {"name": held["name"]}
        case "date" if held:
            held = {"start": held["start"]}
        case "files" if held:  # what Notion keeps itself has no lasting address
            held = [{key: file[key] for key in ("name", "type", "external")} for file in held if "external" in file]
        case "url" | "number":
            pass
        case _:
            return None
    return {kind: held} if held else None


def rich_text(text: str, link: str | None = None) -> list[Json]:
    """Return a text of any length as Notion's text objects; Notion takes a hundred of them at once."""
    target = {"link": {"url": link}} if link else {}
    return [{"type": "text", "text": {"content": piece, **target}} for piece in _pieces(text)]


def _pieces(text: str) -> Iterator[str]:
    """Yield the parts of a text that each fit into one object."""
    rest = readable(text)
    while rest:
        piece = utf16_cut(rest, TEXT_UNITS)
        yield piece
        rest = rest[len(piece) :]


def _file_name(name: str) -> str:
    """Return as much of a file's name as Notion shows, with its extension."""
    name = readable(name)
    extension = found.group() if (found := _EXTENSION.search(name)) else ""
    return utf16_cut(name.removesuffix(extension), _FILE_NAME - len(extension)) + extension


def _option(name: str) -> str:
    """A select option's name may hold no comma."""
    return utf16_cut(" ".join(readable(name).replace(",", " ").split()), _SELECT_NAME)
