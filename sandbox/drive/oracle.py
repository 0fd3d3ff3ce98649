"""What Google's own description allows: the discovery document that ships with google-api-python-client."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jsonschema_rs
from googleapiclient.discovery_cache import get_static_doc

from sandbox.drive.errors import Refusal
from sandbox.drive.fields import Mask, parsed
from sandbox.drive.service_account import JWT_GRANT
from sandbox.drive.uploads import range_problem, two_parts
from sandbox.server import Exchange

Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: re.Pattern[str]
    parameters: dict[str, Schema]
    request: str | None
    answer: str | None
    takes_media: bool


class Oracle:
    """Operations with their parameters, and the schemas of bodies, each compiled when it is first needed."""

    def __init__(self, document: Schema) -> None:
        self._schemas: dict[str, Schema] = document["schemas"]
        self._definitions = {name: _strict(schema) for name, schema in self._schemas.items()}
        self._compiled: dict[str, jsonschema_rs.Draft7Validator] = {}
        methods = [method for group in document["resources"].values() for method in group["methods"].values()]
        self._operations = sorted(
            (_operation(method, document) for method in methods),
            key=lambda operation: operation.path.groups,  # fixed paths first: `files/generateIds` is no file
        )

    @classmethod
    @cache
    def of_drive(cls) -> Oracle:
        """Return the oracle of version 3 of Drive's API."""
        return cls(json.loads(get_static_doc("drive", "v3")))

    def operation(self, method: str, path: str) -> Operation | None:
        """Return what a request is in the description; an upload's path has a prefix."""
        bare = path.removeprefix("/upload")
        for operation in self._operations:
            if operation.method == method and operation.path.fullmatch(bare):
                return operation if operation.takes_media or bare == path else None
        return None

    def violations(self, exchange: Exchange) -> Iterable[str]:
        """Yield what is wrong with a request, and with its answer if that is no error."""
        if exchange.path == "/token":
            yield from _wrong_grant(exchange)
        elif exchange.method == "PUT" and "upload_id" in exchange.query:
            yield from _wrong_chunk(exchange)
        elif (operation := self.operation(exchange.method, exchange.path)) is None:
            yield "no such operation"
        else:
            yield from _wrong_query(operation, exchange.query)
            yield from self._wrong_mask(operation, exchange.query.get("fields"))
            yield from self._wrong_body(operation.request, _metadata(exchange))
            if 200 <= exchange.status < 300 and not isinstance(exchange.answer, bytes):
                yield from self._wrong_body(operation.answer, exchange.answer)

    def unknown_fields(self, operation: Operation, mask: Mask) -> Iterable[str]:
        """Yield the paths in a mask that the operation's answer cannot have."""
        return self._unknown(mask, {"$ref": operation.answer} if operation.answer else {}, "")

    def _unknown(self, mask: Mask, schema: Schema, path: str) -> Iterable[str]:
        while "$ref" in schema or "items" in schema:
            schema = self._schemas[schema["$ref"]] if "$ref" in schema else schema["items"]
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, inner in mask.items():
            if name == "*":
                continue
            if name not in known and others is None:
                yield path + name
            else:
                yield from self._unknown(inner, known.get(name, others), f"{path}{name}/")

    def _wrong_mask(self, operation: Operation, fields: str | None) -> Iterable[str]:
        if fields is None:
            return
        try:
            yield from (f"unknown field {path}" for path in self.unknown_fields(operation, parsed(fields)))
        except Refusal:
            yield f"unreadable fields {fields}"

    def _wrong_body(self, name: str | None, body: Any) -> Iterable[str]:
        if name is None or body is None:
            if body:
                yield "a body where none belongs"
            return
        if name not in self._compiled:
            schema = {"$ref": f"#/definitions/{name}", "definitions": self._definitions}
            self._compiled[name] = jsonschema_rs.Draft7Validator(schema)
        for error in self._compiled[name].iter_errors(body):
            yield f"{name} {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"


def _operation(method: Schema, document: Schema) -> Operation:
    path = re.sub(r"\\{\w+\\}", "([^/]+)", re.escape(document["basePath"] + method["path"]))
    return Operation(
        method["httpMethod"],
        re.compile(path),
        document["parameters"] | method.get("parameters", {}),
        method.get("request", {}).get("$ref"),
        method.get("response", {}).get("$ref"),
        method.get("supportsMediaUpload", False),
    )


def _strict(node: Any) -> Any:
    """Return JSON Schema for a part of the description: its references spelled out, unknown properties forbidden."""
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return {"$ref": f"#/definitions/{node['$ref']}"}
    schema: Schema = {} if node.get("type", "any") == "any" else {"type": node["type"]}
    if node.get("format") in ("int64", "uint64") and node.get("type") == "string":
        schema["pattern"] = r"^-?\d+$"
    if "enum" in node:
        schema["enum"] = node["enum"]
    if "items" in node:
        schema["items"] = _strict(node["items"])
    if "properties" in node:
        schema["properties"] = {name: _strict(inner) for name, inner in node["properties"].items()}
    if schema.get("type") == "object":
        schema["additionalProperties"] = _strict(node.get("additionalProperties", False))
    return schema


def _metadata(exchange: Exchange) -> Any:
    """Return a request's JSON: the body, or the first part of a multipart upload."""
    if exchange.query.get("uploadType") == "multipart":
        return two_parts(exchange.headers["Content-Type"], exchange.body)[0]
    return None if exchange.query.get("uploadType") == "media" else exchange.body


def _wrong_query(operation: Operation, query: dict[str, str]) -> Iterable[str]:
    for name, value in query.items():
        parameter = operation.parameters.get(name)
        if parameter is None or parameter["location"] != "query":
            yield f"unknown parameter {name}"
        elif not _fits(parameter, value):
            yield f"parameter {name} cannot be {value}"
    required = {name for name, parameter in operation.parameters.items() if parameter.get("required")}
    in_path = {name for name, parameter in operation.parameters.items() if parameter["location"] == "path"}
    yield from (f"parameter {name} is missing" for name in required - in_path - query.keys())


def _fits(parameter: Schema, value: str) -> bool:
    if parameter["type"] == "boolean":
        return value in ("true", "false")
    if parameter["type"] == "integer":
        smallest, largest = int(parameter.get("minimum", 0)), int(parameter.get("maximum", 2**31))
        return value.isdigit() and smallest <= int(value) <= largest
    return value in parameter.get("enum", [value])


def _wrong_chunk(exchange: Exchange) -> Iterable[str]:
    headers = {name.lower(): value for name, value in exchange.headers.items()}
    length = len(exchange.body or b"")
    if "content-range" in headers and (problem := range_problem(headers["content-range"], length)) is not None:
        yield problem


def _wrong_grant(exchange: Exchange) -> Iterable[str]:
    form = dict(parse_qsl((exchange.body or b"").decode()))
    of_service_account = form.get("grant_type") == JWT_GRANT
    wanted = {"assertion"} if of_service_account else {"grant_type", "client_id", "client_secret", "refresh_token"}
    yield from (f"{name} is missing" for name in wanted - form.keys())
