"""The routes that a CHANNELS_FILE adds to the defaults, or changes, without code."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from config.channel_table import DEFAULT_CHANNELS, ChannelsTables, ChannelTable
from config.channels_faults import Fault, broken, named_fault, quoted_key, wrong
from config.notion_config import DEFAULTS, ChannelRoute, Routes, plain_name
from config.settings import SettingsError


def load(path: Path, defaults: Routes, drive_folders: Mapping[str, str]) -> Routes:
    """Read a CHANNELS_FILE and return what `parse` makes of it; raise as that does."""
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"CHANNELS_FILE cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError("CHANNELS_FILE cannot be read: save it as UTF-8.") from None
    return parse(text, defaults, drive_folders)


def parse(text: str, defaults: Routes, drive_folders: Mapping[str, str]) -> Routes:
    """PURE: return the default routes as a CHANNELS_FILE's text changes them, then those that it adds.

    A default route without a database is not in `defaults`; the text may give it one. `drive_folders` maps a
    channel to a Drive folder's id.

    Raises:
        SettingsError: with one sentence for each fault, in the order of their lines.
    """
    tables = _tables(text)
    known = {route.channel: route for route in (*DEFAULTS, *defaults.routes)}
    routes = {name: _route(name, table, known, drive_folders) for name, table in tables.items()}
    if faults := [*_duplicates(routes), *(gap for name in routes for gap in _gaps(name, tables[name], routes[name]))]:
        raise wrong(faults, text)
    taken_away = {route.channel for name, route in routes.items() if not tables[name].enabled}
    known |= {route.channel: route for route in routes.values()}
    watched = tuple(route for channel, route in known.items() if route.database and channel not in taken_away)
    if not watched:
        raise SettingsError("CHANNELS_FILE is wrong: no channel is left to be watched, so leave one of them enabled.")
    return Routes(watched)


def _tables(text: str) -> dict[str, ChannelTable]:
    try:
        return ChannelsTables.model_validate(tomllib.loads(text)).channels
    except ValidationError as error:
        faults = [named_fault(fault["type"], tuple(map(str, fault["loc"]))) for fault in error.errors()]
        raise wrong(faults, text) from None
    except (ValueError, RecursionError) as error:  # beyond tomllib's own error: numbers and nesting without end
        raise broken(error, text) from None


def _route(
    name: str, table: ChannelTable, known: Mapping[str, ChannelRoute], drive_folders: Mapping[str, str]
) -> ChannelRoute:
    plain = plain_name(name)
    base = known.get(table.like or plain) or ChannelRoute(name, "create_new_page", {}, "{title}", "Complete")
    columns = {**base.field_map, **table.columns}
    named = table.model_dump(exclude_unset=True, exclude={"like", "enabled", "columns"})
    return replace(
        base,
        channel=plain if plain in known else name,
        field_map={key: column for key, column in columns.items() if column},
        **({"drive_folder": drive_folders.get(plain.replace("_", "-"))} | named),
    )


def _duplicates(routes: Mapping[str, ChannelRoute]) -> Iterator[Fault]:
    first: dict[str | int, str] = {}
    for name, route in routes.items():
        if (other := first.setdefault(plain_name(name) or name, name)) != name:
            yield Fault(
                ("channels", name), f"this is the channel of [channels.{quoted_key(other)}] again, keep one of them."
            )
        if route.channel_id and (other := first.setdefault(route.channel_id, name)) != name:
            text = f'"id" is that of [channels.{quoted_key(other)}] too, give each channel its own.'
            yield Fault(("channels", name, "id"), text)


def _gaps(name: str, table: ChannelTable, route: ChannelRoute) -> Iterator[Fault]:
    """Yield what a route lacks that is right in each of its parts."""
    place = ("channels", name)
    if not plain_name(name) and route.channel_id is None:
        yield Fault(place, 'the name has no letter or digit, add the channel\'s "id".')
    if not route.field_map:
        text = f'no column is written, take over those of a default channel with "like"{_or_near(name)}.'
        yield Fault(place, text)
    for key in route.required_keys - route.field_map.keys():
        text = f'a column for "{key}" is needed with the action_type "update_origin".'
        yield Fault((*place, "columns", key), text)
    if not route.database and table.enabled:
        yield Fault(place, 'it has no database, add "database" with its page\'s address.')


def _or_near(name: str) -> str:
    near = [one for one in get_close_matches(plain_name(name), DEFAULT_CHANNELS, n=1) if one != plain_name(name)]
    return f" (or is {near[0]} meant?)" if near else ""
