"""Messages as Discord's own description allows them, and some as it does not: for fuzzing."""

import json
from datetime import datetime, timezone
from functools import cache
from typing import Any

from hypothesis import strategies as st

from sandbox.server import SPECS
from tests.hostile import LINKS, TEXTS

Json = dict[str, Any]

_SPEC = SPECS / "discord-openapi.json"
_MOST_OPTIONAL = (6, 2, 1)
"""Optional fields that an object has at the most, by its depth; further down none."""
_MOST_ITEMS = 2
_INTEGERS = {"int32": 2**31, "int64": 2**63}
_STRINGS: dict[str, st.SearchStrategy[str]] = {
    "snowflake": st.integers(0, 2**63 - 1).map(str),
    "date-time": st.datetimes(datetime(2015, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)).map(  # noqa: DTZ001 (hypothesis adds the zone)
        datetime.isoformat
    ),
    "uri": LINKS,
}
_FILES = st.sampled_from(["talk.mp4", "a/../b.mov", "x" * 300 + ".mkv", "video\u202e4pm.exe", "nul.mp3", ".mp4", ""])


def is_described() -> bool:
    """Whether the description lies beside the project."""
    return _SPEC.is_file()


@st.composite
def messages(draw: st.DrawFn, /, **fixed: Any) -> Json:
    """Return a message as Discord may send it, with videos more often than chance would have it."""
    message: Json = draw(_instance({"$ref": "MessageResponse"}, 0))
    if draw(st.booleans()):
        message["attachments"].append(draw(_attachment()))
    return message | {"author": {**message["author"], "bot": False, "discriminator": "0"}} | fixed


@st.composite
def broken(draw: st.DrawFn, message: st.SearchStrategy[Json]) -> Json:
    """Return a message in which one field somewhere is missing, or is something else."""
    whole: Json = draw(message)
    paths = list(_paths(whole))
    *above, last = draw(st.sampled_from(paths))
    part: Any = whole
    for key in above:
        part = part[key]
    if draw(st.booleans()):
        del part[last]
    else:
        part[last] = draw(st.sampled_from([None, "", "x", -1, 2**70, True, [], {}, [None], {"id": "x"}]))
    return whole


def _attachment() -> st.SearchStrategy[Json]:
    types = st.sampled_from(["video/mp4", "audio/ogg", "text/plain", "video/", ""])
    return st.tuples(_instance({"$ref": "MessageAttachmentResponse"}, 2), _FILES, types).map(
        lambda drawn: drawn[0] | {"filename": drawn[1], "content_type": drawn[2]}
    )


@st.composite
def _instance(draw: st.DrawFn, schema: Json, depth: int) -> Any:  # noqa: PLR0911 (a line a kind)
    """Return something that a schema of the description allows."""
    schema = _resolved(schema)
    if choices := schema.get("oneOf"):
        return draw(_instance(draw(st.sampled_from(choices)), depth))
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return draw(st.sampled_from(schema["enum"]))
    kind = schema.get("type")
    match draw(st.sampled_from(kind)) if isinstance(kind, list) else kind:
        case "object":
            return draw(_object(schema, depth))
        case "array":
            most = _MOST_ITEMS if depth < len(_MOST_OPTIONAL) else 0
            return [draw(_instance(schema["items"], depth + 1)) for _ in range(draw(st.integers(0, most)))]
        case "string":
            return draw(_STRINGS.get(schema.get("format", ""), TEXTS))
        case "integer":
            bound = _INTEGERS.get(schema.get("format", ""), 2**53)
            return draw(st.integers(schema.get("minimum", -bound), schema.get("maximum", bound - 1)))
        case "number":
            return draw(st.floats(0, 1e6))
        case "boolean":
            return draw(st.booleans())
    return None


@st.composite
def _object(draw: st.DrawFn, schema: Json, depth: int) -> Json:
    fields, needed = schema.get("properties", {}), schema.get("required", [])
    optional = sorted(fields.keys() - set(needed))
    most = _MOST_OPTIONAL[depth] if depth < len(_MOST_OPTIONAL) else 0
    chosen = draw(st.lists(st.sampled_from(optional), max_size=most, unique=True)) if optional and most else []
    return {name: draw(_instance(fields[name], depth + 1)) for name in [*needed, *chosen]}


def _resolved(schema: Json) -> Json:
    while "$ref" in schema:
        schema = _schemas()[schema["$ref"].rpartition("/")[2]]
    return schema["allOf"][0] | schema if "allOf" in schema else schema


@cache
def _schemas() -> Json:
    found: Json = json.loads(_SPEC.read_text())["components"]["schemas"]
    return found


def _paths(value: Any) -> Any:
    """Yield the way to each field of JSON."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (key,)
        yield from ((key, *path) for path in _paths(part))
