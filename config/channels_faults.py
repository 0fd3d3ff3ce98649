"""PURE: the faults of a CHANNELS_FILE in words: one sentence each, with its line."""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from config.channel_table import FIELDS
from config.notion_config import COLUMN_TYPES
from config.settings import SettingsError
from config.toml_lines import Keys, line_numbers


@dataclass(frozen=True, slots=True)
class Fault:
    keys: Keys
    """Where it is."""
    text: str


def named_fault(kind: str, keys: Keys) -> Fault:
    """Return what is wrong, from pydantic's kind of error and its place."""
    match keys:
        case ("channels", _, "columns", key, "[key]"):
            return Fault(keys, _unknown(key, COLUMN_TYPES))
        case ("channels", _, "columns", key):
            return Fault(keys, f'{_quoted(key)} must be a column\'s name in quotes, or "" to leave it out.')
        case ("channels", _, key) if kind == "extra_forbidden":
            return Fault(keys, _unknown(key, FIELDS))
        case ("channels", _, key):
            return Fault(keys, f'"{key}" must be {FIELDS[key].description}.')
        case (key,) if key != "channels":
            return Fault(keys, _unknown(key, ["channels"]))
    return Fault(keys, "this must be a table, such as [channels.podcasts].")


def _unknown(key: str, known: Collection[str]) -> str:
    near = get_close_matches(key, known, n=1)
    advice = f'did you mean "{near[0]}"?' if near else "channels.example.toml shows all that there are."
    return f"{_quoted(key)} is unknown, {advice}"


def broken(error: Exception, text: str) -> SettingsError:
    """Return the error that tells why a text is no TOML, from the parser's own words."""
    said, _, place = str(error).partition(" (at ")
    found = re.match(r"line \d+", place)
    line = found[0] if found else f"line {len(text.splitlines()) or 1}"
    return SettingsError(f"CHANNELS_FILE is wrong in {line}: this is no TOML: {said[:1].lower()}{said[1:]}.")


def wrong(faults: Collection[Fault], text: str) -> SettingsError:
    """Return the error that tells all faults of a file's text, in the order of their lines."""
    lines = line_numbers(text)
    found = sorted((_line(fault.keys, lines), _sentence(fault)) for fault in faults)
    return SettingsError("\n".join(f"CHANNELS_FILE is wrong in line {line}{sentence}" for line, sentence in found))


def _line(keys: Keys, lines: Mapping[Keys, int]) -> int:
    """Return the line of a key, else of what is around it."""
    return next((lines[keys[:depth]] for depth in range(len(keys), 0, -1) if keys[:depth] in lines), 1)


def _sentence(fault: Fault) -> str:
    table = f", [channels.{quoted_key(fault.keys[1])}]" if len(fault.keys) > 1 else ""
    return f"{table}: {fault.text}"


def quoted_key(name: str) -> str:
    """Return a key as it stands in TOML."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # as TOML does, line breaks escaped
