"""PURE: values to Notion's property shapes, and back to text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

TEXT_UNITS = 2000
"""UTF-16 units of one text object (Notion: request limits)."""
_ARRAY = 100
_SELECT_NAME = 100
_URL_UNITS = 2000


@dataclass(frozen=True, slots=True)
class FileLink:
    """A file that lies elsewhere, for a `files` column."""

    name: str
    url: str


Value = str | float | date | datetime | FileLink
Json = dict[str, Any]


def encode(value: Value, column_type: str) -> Json | None:
    """Return a property of a column's type that holds `value`; None where this type cannot hold it."""
    held: Any = None
    match column_type, value:
        case (("title" | "rich_text"), (str() | int() | float())):
            held = _texts(str(value))
        case (("select" | "status"), str()) if name := _option(value):
            held = {"name": name}
        case "url", str() if 0 < utf16_units(value) <= _URL_UNITS:
            held = value
        case "number", (int() | float()):
            held = value
        case "date", date():
            held = {"start": value.isoformat()}
        case "files", FileLink(name, url):
            held = [{"name": utf16_cut(name, 100), "type": "external", "external": {"url": url}}]
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


def utf16_units(text: str) -> int:
    """Return a text's length as Notion counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_cut(text: str, units: int) -> str:
    """Return as much of the start as fits into `units` UTF-16 units, never half a character."""
    return text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "ignore")


def _texts(text: str) -> list[Json]:
    return [{"type": "text", "text": {"content": piece}} for piece in _pieces(text)][:_ARRAY]


def _pieces(text: str) -> Iterator[str]:
    while text:
        piece = utf16_cut(text, TEXT_UNITS)
        yield piece
        text = text[len(piece) :]


def _option(name: str) -> str:
    """A select option's name may hold no comma."""
    return utf16_cut(" ".join(name.replace(",", " ").split()), _SELECT_NAME)
