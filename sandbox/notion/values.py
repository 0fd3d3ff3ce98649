"""Cells: what a client may write into each type of column, what is kept, and what a person would read."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from sandbox.notion import file_upload, text
from sandbox.notion.errors import at_most, expect, invalid

Options = list[dict[str, Any]]
COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
EMPTY: dict[str, Any] = {
    "title": [],
    "rich_text": [],
    "select": None,
    "status": None,
    "multi_select": [],
    "date": None,
    "url": None,
    "number": None,
    "checkbox": False,
    "files": [],
}
"""The types that a client can write, with the value of an empty cell. `created_time` is Notion's to write."""


def new_option(name: str, color: str | None = None) -> dict[str, Any]:
    if "," in name:
        raise invalid(f"Invalid select option, commas not allowed: {name}")
    return {"id": str(uuid4()), "name": name, "color": color or random.choice(COLORS), "description": None}


def _select(value: Any, options: Options, where: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if (known := _known_option(value, options, where)) is not None:
        return known
    if "id" in value:
        raise invalid(f'{where} is an invalid select option "{value["id"]}".')
    at_most(100, text.utf16_length(value["name"]), f"{where}.name.length")
    return _chosen(new_option(value["name"]))


def _status(value: Any, options: Options, where: str) -> dict[str, Any] | None:
    if value is None:
        return None
    if (known := _known_option(value, options, where)) is not None:
        return known
    raise invalid(f'Invalid status option. Status option "{value.get("name")}" does not exist".')


def _known_option(value: Any, options: Options, where: str) -> dict[str, Any] | None:
    expect(dict, value, "an object or `null`", where)
    key = "id" if "id" in value else "name"
    expect(str, value.get(key), "a string", f"{where}.{key}")
    return next((_chosen(option) for option in options if option[key] == value[key]), None)


def _chosen(option: dict[str, Any]) -> dict[str, Any]:
    """Return an option as a cell shows it: without its description."""
    return {key: option[key] for key in ("id", "name", "color")}


def _multi_select(value: Any, options: Options, where: str) -> Options:
    expect(list, value, "an array", where)
    at_most(100, len(value), f"{where}.length")
    chosen = [_select(item, options, f"{where}[{index}]") for index, item in enumerate(value)]
    return list({option["name"]: option for option in chosen if option is not None}.values())


def _rich_text(value: Any, _: Options, where: str) -> list[dict[str, Any]]:
    return text.parsed(value, where)


def _date(value: Any, _: Options, where: str) -> dict[str, Any] | None:
    if value is None:
        return None
    expect(dict, value, "an object or `null`", where)
    end = value.get("end")
    return {
        "start": _moment(value.get("start"), f"{where}.start"),
        "end": None if end is None else _moment(end, f"{where}.end"),
        "time_zone": value.get("time_zone"),
    }


def _moment(value: Any, where: str) -> str:
    """Return an ISO 8601 date as it is, and a date with time as Notion shows it: milliseconds and an offset."""
    expect(str, value, "a string", where)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        message = f"body failed validation: {where} should be a valid ISO 8601 date string, instead was `{value!r}`."
        raise invalid(message) from None
    if len(value) == len("2026-01-31"):
        return str(value)
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).isoformat(timespec="milliseconds")


def _url(value: Any, _: Options, where: str) -> str | None:
    return None if value is None else text.checked_url(value, where)


def _number(value: Any, _: Options, where: str) -> Any:
    if value is not None:
        expect((int, float), value, "a number or `null`", where)
    return value


def _checkbox(value: Any, _: Options, where: str) -> bool:
    expect(bool, value, "a boolean", where)
    return bool(value)


def _files(value: Any, _: Options, where: str) -> list[dict[str, Any]]:
    expect(list, value, "an array", where)
    at_most(100, len(value), f"{where}.length")
    return [_file(item, f"{where}[{index}]") for index, item in enumerate(value)]


def _file(value: Any, where: str) -> dict[str, Any]:
    expect(dict, value, "an object", where)
    if "name" in value or "file_upload" not in value:
        expect(str, value.get("name"), "a string", f"{where}.name")
        at_most(100, text.utf16_length(value["name"]), f"{where}.name.length")
    if "file_upload" in value:
        expect(dict, value["file_upload"], "an object", f"{where}.file_upload")
        return {"type": "file_upload", "name": value.get("name"), "file_upload": value["file_upload"]}
    expect(dict, value.get("external"), "an object", f"{where}.external")
    url = text.checked_url(value["external"].get("url"), f"{where}.external.url")
    return {"type": "external", "name": value["name"], "external": {"url": url}}


PARSERS: dict[str, Callable[[Any, Options, str], Any]] = {
    "title": _rich_text,
    "rich_text": _rich_text,
    "select": _select,
    "status": _status,
    "multi_select": _multi_select,
    "date": _date,
    "url": _url,
    "number": _number,
    "checkbox": _checkbox,
    "files": _files,
}
"""From a request's value, the column's options and the value's path to what is kept; they raise Notion's refusals."""

SHOWN: dict[str, Callable[[Any], Any]] = {"files": lambda files: [file_upload.shown(file) for file in files]}
"""What an answer has for what is kept, where that is not the same."""

PLAIN: dict[str, Callable[[Any], Any]] = {
    "title": text.plain,
    "rich_text": text.plain,
    "select": lambda option: option and option["name"],
    "status": lambda option: option and option["name"],
    "multi_select": lambda options: [option["name"] for option in options],
    "date": lambda date: date and date["start"],
    "url": lambda url: url,
    "number": lambda number: number,
    "checkbox": lambda checked: checked,
    "files": lambda files: [file_upload.url_of(file) for file in files],
    "created_time": lambda moment: moment,
}

REQUESTS: dict[str, Callable[[Any], Any]] = {
    "title": text.of,
    "rich_text": text.of,
    "select": lambda name: name and {"name": name},
    "status": lambda name: name and {"name": name},
    "multi_select": lambda names: [{"name": name} for name in names],
    "date": lambda start: start and {"start": start},
    "url": lambda url: url,
    "number": lambda number: number,
    "checkbox": lambda checked: checked,
    "files": lambda urls: [{"name": url.rpartition("/")[2][:100], "external": {"url": url}} for url in urls],
}
"""The way back, for people who fill in a cell by hand."""
