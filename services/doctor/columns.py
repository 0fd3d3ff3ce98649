"""PURE: what a route wants of its table in Notion, and what of that is there."""

from collections.abc import Mapping
from datetime import date

from config.notion_config import COLUMN_TYPES, OPTIONAL_KEYS, ChannelRoute, ColumnType
from services.clients.notion import DataSource
from services.clients.notion_properties import FileLink, Value, encode
from services.doctor.finding import Finding, Level
from services.jobs.job import Stage

_SAMPLES: Mapping[ColumnType, Value] = {
    "title": "a title",
    "rich_text": "a text",
    "select": "an option",
    "url": "https://example.com",
    "files": FileLink("a.txt", "https://example.com/a.txt"),
    "date": date(2026, 1, 1),
    "number": 1.0,
}
"""One value for each type that the pipeline writes."""

_IN_NOTION = {
    "rich_text": "Text",
    "select": "Select",
    "multi_select": "Multi-select",
    "url": "URL",
    "files": "Files & media",
    "status": "Status",
}
"""How people see a type called; the others by their own name."""

_BY_ITSELF = "in Notion, or let the doctor do it: `--fix`, in Discord `fix: True`."
_ADD, _ADD_THEM = f"Add it {_BY_ITSELF}", f"Add them {_BY_ITSELF}"
_RETYPE = "Change its type in Notion, or rename it and add the right one: the doctor changes no column that is there."
_NO_OPTIONS = "A column of the type Status gets no options through Notion's API"


def columns_of(route: ChannelRoute, table: DataSource) -> dict[str, str]:
    """Return the column of each key. The name's is the title column, whatever that is called; none where another
    key owns that.
    """
    found = {key: column for key, column in route.field_map.items() if key in COLUMN_TYPES}
    if found.get("name", "") not in table.columns and "name" in found:
        del found["name"]
        if table.title_column not in found.values():
            found["name"] = table.title_column
    return found


def column_findings(subject: str, route: ChannelRoute, table: DataSource) -> list[Finding]:
    """Return one finding a column: whether it is there, and can hold what is written into it."""
    offered = _offered(route, table)
    columns = columns_of(route, table).items()
    found = [_column(subject, key, column, route, table) for key, column in columns if column not in offered]
    if offered:
        names = ", ".join(f'"{column}" ({_named(COLUMN_TYPES[key])})' for column, key in offered.items())
        more = f"These columns could be added, to see more of a video on its way: {names}."
        found.append(Finding(Level.OK, subject, more, _ADD_THEM))
    return found


def option_findings(subject: str, route: ChannelRoute, table: DataSource) -> list[Finding]:
    """Return one finding for each value that the status takes on the way."""
    return [_option(subject, value, route, table) for value in status_values(route)]


def has_status_column(route: ChannelRoute, table: DataSource) -> bool:
    """Whether the status has a column that can show it, if that has the options."""
    fitting = ("select",) if route.has_status_hooks else ("select", "status")
    return table.columns.get(route.field_map.get("status", "")) in fitting


def status_values(route: ChannelRoute) -> tuple[str, ...]:
    """Return what the status says on the way and at the end."""
    if "status" not in route.field_map:
        return ()
    on_the_way = [stage.value for stage in Stage] if route.has_status_hooks else []
    return tuple(dict.fromkeys([*on_the_way, route.final_status]))


def _offered(route: ChannelRoute, table: DataSource) -> dict[str, str]:
    """Return the columns that nobody must have and that are not there, with their keys."""
    columns = columns_of(route, table).items()
    return {column: key for key, column in columns if key in OPTIONAL_KEYS and column not in table.columns}


def _column(subject: str, key: str, column: str, route: ChannelRoute, table: DataSource) -> Finding:
    wanted, actual = COLUMN_TYPES[key], table.columns.get(column)
    if actual is None:
        return _missing(subject, key, column, route)
    if encode(_SAMPLES[wanted], actual) is None or (key in route.required_keys and actual != wanted):
        return _wrong(subject, key, column, actual)
    return Finding(Level.OK, subject, f'"{column}" ({_named(actual)}) takes {key}.')


def _missing(subject: str, key: str, column: str, route: ChannelRoute) -> Finding:
    what = f'The column "{column}" ({_named(COLUMN_TYPES[key])})'
    if key in route.required_keys:
        return Finding(Level.RED, subject, f"{what} is missing.", _ADD)
    return Finding(Level.WARNING, subject, f"{what} is missing: what belongs there is left out.", _ADD)


def _wrong(subject: str, key: str, column: str, actual: str) -> Finding:
    text = f'The column "{column}" is of the type {_named(actual)}, and must be {_named(COLUMN_TYPES[key])}.'
    remedy = f"{_NO_OPTIONS}. {_RETYPE}" if actual == "status" else _RETYPE
    level = Level.WARNING if key in OPTIONAL_KEYS else Level.RED  # people may have one of that name for their own ends
    return Finding(level, subject, text, remedy)


def _option(subject: str, value: str, route: ChannelRoute, table: DataSource) -> Finding:
    column = route.field_map["status"]
    if not has_status_column(route, table):
        text = f'"{value}" cannot be shown: there is no fitting column "{column}".'
        return Finding(Level.RED, subject, text, "Mend the column first, then look again.")
    if value in table.options.get(column, ()):
        return Finding(Level.OK, subject, f'"{column}" has the option "{value}".')
    lacks = f'"{column}" has no option "{value}".'
    if table.columns[column] == "status":
        return Finding(Level.RED, subject, lacks, f"Add it by hand in Notion. {_NO_OPTIONS}.")
    if route.has_status_hooks:
        return Finding(Level.RED, subject, lacks, _ADD)
    return Finding(Level.WARNING, subject, f"{lacks} Notion adds it with the first video.", _ADD)


def _named(column_type: str) -> str:
    return _IN_NOTION.get(column_type, column_type.replace("_", " ").capitalize())
