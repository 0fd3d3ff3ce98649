"""PURE: what has to be added to a table in Notion, so that it has all that its routes want."""

from collections.abc import Mapping, Sequence

from config.notion_config import COLUMN_TYPES, ChannelRoute
from services.clients.notion import DataSource
from services.clients.notion_properties import Json
from services.doctor.columns import columns_of, status_values

_CONFIGURED: Mapping[str, Json] = {"progress": {"format": "percent"}}
"""What the type of a new column is told, by key; the others' have defaults that fit."""


def additions(routes: Sequence[ChannelRoute], schema: Mapping[str, Json], table: DataSource) -> dict[str, Json]:
    """Return the columns and options to be added, as `data_sources.update` takes them.

    That replaces a select's list of options, so the new list begins with all that are there, as they are in `schema`.
    Columns of another type than the wanted one stay as they are.
    """
    added: dict[str, Json] = {}
    for route in routes:
        for key, column in columns_of(route, table).items():
            if column not in schema:
                added.setdefault(column, {COLUMN_TYPES[key]: _CONFIGURED.get(key, {})})
    for column, values in _missing_options(routes, schema).items():
        there = schema[column]["select"]["options"] if column in schema else []
        added[column] = {"select": {"options": [*map(_as_it_is, there), *({"name": value} for value in values)]}}
    return added


def _missing_options(routes: Sequence[ChannelRoute], schema: Mapping[str, Json]) -> dict[str, list[str]]:
    """Return the status values that a column has no option for, or will have none for when it is made."""
    missing: dict[str, list[str]] = {}
    for route in routes:
        column = route.field_map.get("status")
        if column is None or schema.get(column, {"type": "select"})["type"] != "select":
            continue
        known = {option["name"] for option in schema[column]["select"]["options"]} if column in schema else set()
        new = missing.setdefault(column, [])
        new += [value for value in status_values(route) if value not in known and value not in new]
    return {column: values for column, values in missing.items() if values}


def _as_it_is(option: Json) -> Json:
    return {key: option[key] for key in ("id", "name", "color", "description") if option.get(key) is not None}
