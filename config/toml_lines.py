"""PURE: where in a TOML text its keys stand, which the standard library's parser does not tell."""

import tomllib
from collections.abc import Iterator
from typing import Any

Keys = tuple[str, ...]
"""A key with those of the tables around it."""

_LEVELS = 4
"""Tables may be nested without end; `channels.<name>.columns.<key>` is the deepest that anybody looks for."""


def line_numbers(text: str) -> dict[Keys, int]:
    """Return the line in which each key and table is first named, but for very deep ones; `text` is valid TOML.

    It is read statement by statement: a line that is no TOML by itself goes on in the next one.
    """
    lines: dict[Keys, int] = {}
    table: Keys = ()
    begun, statement = 1, ""
    for number, line in enumerate(text.split("\n"), start=1):
        statement += f"{line}\n"
        try:
            named = list(_named_in(tomllib.loads(statement)))
        except tomllib.TOMLDecodeError:
            continue
        if statement.lstrip().startswith("["):
            table = named[-1]
            named = [table]
        else:
            named = [(*table, *keys) for keys in named]
        for keys in named:
            for depth in range(1, len(keys) + 1):
                lines.setdefault(keys[:depth], begun)
        begun, statement = number + 1, ""
    return lines


def _named_in(values: dict[str, Any], levels: int = _LEVELS) -> Iterator[Keys]:
    for key, value in values.items():
        yield (key,)
        if isinstance(value, dict) and levels > 1:
            yield from ((key, *keys) for keys in _named_in(value, levels - 1))
