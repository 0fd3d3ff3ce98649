"""Holds every REST exchange against Discord's own OpenAPI description, where that lies beside the project."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jsonschema_rs import Draft202012Validator, Registry

from sandbox.discord.objects import Json
from sandbox.server import Exchange

API = "/api/v10"
_REQUESTS, _ANSWERS = "spec://requests/", "spec://answers/"
_LENIENT_SNOWFLAKE: Json = {"type": ["string", "integer"], "pattern": "^(0|[1-9][0-9]*)$"}
"""Requests may write ids as integers: Discord takes them."""
_OVERLOOKED: dict[str, Json] = {
    "MessageReferenceType": {"enum": [0, 1]},
    "InnerErrors": {
        "required": ["_errors"],
        "properties": {"_errors": {"type": "array", "items": {"required": ["code", "message"]}}},
        "additionalProperties": False,
    },
}
"""What the documentation has and the description overlooks: forwards, and codes of single fields that are words."""


class Oracle:
    """Compiles the schema of an operation when it is first used."""

    def __init__(self, spec: Json) -> None:
        self._paths: Json = spec["paths"]
        templates = sorted(self._paths, key=lambda path: path.count("{"))  # `@me` before `{user_id}`
        self._templates = [(_pattern(path), path) for path in templates]
        requests = _amended(spec, {**_OVERLOOKED, "SnowflakeType": _LENIENT_SNOWFLAKE})
        self._registry = Registry([(_REQUESTS, requests), (_ANSWERS, _amended(spec, _OVERLOOKED))])
        self._validators: dict[str, Draft202012Validator] = {}

    @classmethod
    @cache
    def beside(cls, folder: Path) -> "Oracle | None":
        """Return the oracle of a folder of descriptions, None where it is not there."""
        file = folder / "discord-openapi.json"
        return cls(json.loads(file.read_text())) if file.is_file() else None

    def violations(self, exchange: Exchange) -> Iterator[str]:
        """Yield what the description forbids in an exchange of the API."""
        path = exchange.path.removeprefix(API)
        template = next((template for pattern, template in self._templates if pattern.fullmatch(path)), None)
        operation = self._paths[template].get(exchange.method.lower()) if template else None
        if template is None or operation is None:
            yield "unknown operation"
            return
        pointer = f"#/paths/{_escaped(template)}/{exchange.method.lower()}"
        yield from self._of_request(operation.get("requestBody"), pointer, exchange)
        yield from self._of_answer(operation["responses"], pointer, exchange)

    def _of_request(self, body: Json | None, pointer: str, exchange: Exchange) -> Iterator[str]:
        if body is None:
            if exchange.body:
                yield "a body where none belongs"
        elif exchange.body is not None:
            media = f"{_REQUESTS}{pointer}/requestBody/content/application~1json/schema"
            yield from self._errors("request", media, exchange.body)
        elif body.get("required") and not exchange.headers.get("Content-Type", "").startswith("multipart/"):
            yield "a body is missing"

    def _of_answer(self, responses: Json, pointer: str, exchange: Exchange) -> Iterator[str]:
        status = str(exchange.status)
        key = next((key for key in (status, f"{status[0]}XX") if key in responses), None)
        if key is None:
            yield f"status {status} is not described"
        elif "$ref" in responses[key]:
            schema = f"{_ANSWERS}{responses[key]['$ref']}/content/application~1json/schema"
            yield from self._errors("answer", schema, exchange.answer)
        elif "content" in responses[key]:
            schema = f"{_ANSWERS}{pointer}/responses/{key}/content/application~1json/schema"
            yield from self._errors("answer", schema, exchange.answer)
        elif exchange.answer:
            yield "an answer where none belongs"

    def _errors(self, what: str, schema: str, value: Any) -> Iterator[str]:
        if schema not in self._validators:
            self._validators[schema] = Draft202012Validator({"$ref": schema}, registry=self._registry)
        for error in self._validators[schema].iter_errors(value):
            yield f"{what} {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"


def _amended(spec: Json, schemas: Json) -> Json:
    components = spec["components"]
    return {**spec, "components": {**components, "schemas": {**components["schemas"], **schemas}}}


def _pattern(path: str) -> re.Pattern[str]:
    """Return what a path template matches: ids are snowflakes, anything else is one segment."""
    parts = re.split(r"({\w+})", path)
    kinds = (_kind(part) if part.startswith("{") else re.escape(part) for part in parts)
    return re.compile("".join(kinds))


def _kind(parameter: str) -> str:
    return r"(?:0|[1-9]\d*)" if parameter.endswith("_id}") else "[^/]+"


def _escaped(path: str) -> str:
    return quote(path.replace("~", "~0").replace("/", "~1"))
