"""What Notion's own description allows: requests and answers against the schemas in shared/specs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from sandbox.server import Exchange

Schema = dict[str, Any]
FILES = ("notion-requests.schema.json", "notion-responses.schema.json")
PARTIAL = (
    "PartialPageObjectResponse",
    "PartialBlockObjectResponse",
    "PartialDataSourceObjectResponse",
    "PartialDatabaseObjectResponse",
)
"""Answers for connections that may not read. Ours may: such an answer would say too little."""
PAGING = frozenset({"start_cursor", "page_size"})
SELECTION = frozenset({"filter_properties"})


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    answer: str
    """The answer's definition."""
    request: str | None = None
    """The definition of body and path together; None where the description has none: then there is no body."""
    query: frozenset[str] = frozenset()

    def match(self, exchange: Exchange) -> dict[str, str] | None:
        """Return the path's parameters if this is the exchange's operation."""
        path = re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(path, exchange.path) if exchange.method == self.method else None
        return None if found is None else found.groupdict()


OPERATIONS = (
    Operation("GET", "/v1/users/me", "GetSelfResponse"),
    Operation("GET", "/v1/users", "ListUsersResponse", query=PAGING),
    Operation("GET", "/v1/users/{user_id}", "UserObjectResponse"),
    Operation("GET", "/v1/databases/{database_id}", "GetDatabaseResponse"),
    Operation("GET", "/v1/data_sources/{data_source_id}", "GetDataSourceResponse"),
    Operation("PATCH", "/v1/data_sources/{data_source_id}", "UpdateDataSourceResponse", "UpdateDataSourceParameters"),
    Operation(
        "POST",
        "/v1/data_sources/{data_source_id}/query",
        "QueryDataSourceResponse",
        "QueryDataSourceParameters",
        SELECTION,
    ),
    Operation("POST", "/v1/pages", "CreatePageResponse", "CreatePageParameters", SELECTION),
    Operation("GET", "/v1/pages/{page_id}", "GetPageResponse", query=SELECTION),
    Operation("PATCH", "/v1/pages/{page_id}", "UpdatePageResponse", "UpdatePageParameters", SELECTION),
    Operation("GET", "/v1/blocks/{block_id}", "BlockObjectResponse"),
    Operation("PATCH", "/v1/blocks/{block_id}", "BlockObjectResponse", "UpdateBlockParameters"),
    Operation("DELETE", "/v1/blocks/{block_id}", "BlockObjectResponse"),
    Operation("GET", "/v1/blocks/{block_id}/children", "ListBlockChildrenResponse", query=PAGING),
    Operation(
        "PATCH", "/v1/blocks/{block_id}/children", "AppendBlockChildrenResponse", "AppendBlockChildrenParameters"
    ),
    Operation("POST", "/v1/file_uploads", "CreateFileUploadResponse", "CreateFileUploadParameters"),
    Operation("GET", "/v1/file_uploads/{file_upload_id}", "GetFileUploadResponse"),
    Operation("POST", "/v1/file_uploads/{file_upload_id}/send", "SendFileUploadResponse"),
    Operation("POST", "/v1/file_uploads/{file_upload_id}/complete", "FileUploadObjectResponse"),
)


class Oracle:
    """The schemas, each compiled when it is first needed."""

    def __init__(self, requests: Schema, answers: Schema) -> None:
        """Take the `definitions` of both descriptions."""
        self._requests = requests | {"UpdateBlockParameters": _update_block(requests)}
        self._answers = answers | {"ListUsersResponse": _list_of("UserObjectResponse"), **dict.fromkeys(PARTIAL, False)}
        self._compiled: dict[str, jsonschema_rs.Draft7Validator] = {}

    @classmethod
    @cache
    def in_folder(cls, specs: Path) -> Oracle | None:
        """Return the folder's oracle, or None where the descriptions are not there."""
        if not all((specs / name).exists() for name in FILES):
            return None
        requests, answers = (json.loads((specs / name).read_text())["definitions"] for name in FILES)
        return cls(requests, answers)

    def violations(self, exchange: Exchange) -> Iterable[str]:
        """Yield what is wrong with a request, and with its answer if that is no error."""
        for operation in OPERATIONS:
            if (path := operation.match(exchange)) is not None:
                yield from self._wrong_request(operation, path, exchange)
                if 200 <= exchange.status < 300:
                    yield from self._errors(self._answers, operation.answer, exchange.answer)
                return
        yield "no such operation"

    def _wrong_request(self, operation: Operation, path: dict[str, str], exchange: Exchange) -> Iterable[str]:
        query = {_bare(key): value for key, value in exchange.query.items()}
        yield from (f"unknown query parameter {key}" for key in query.keys() - operation.query)
        if not query.get("page_size", "100").isdigit():
            yield "page_size is not a number"
        if operation.request is None:
            if exchange.body:
                yield "a body where none belongs"
            return
        selection = {"filter_properties": [query["filter_properties"]]} if "filter_properties" in query else {}
        instance = (exchange.body or {}) | path | selection
        yield from self._errors(self._requests, operation.request, instance)

    def _errors(self, definitions: Schema, name: str, instance: Any) -> Iterable[str]:
        if name not in self._compiled:
            schema = {"$ref": f"#/definitions/{name}", "definitions": definitions}
            self._compiled[name] = jsonschema_rs.Draft7Validator(schema)
        for error in self._compiled[name].iter_errors(instance):
            yield f"{name} {'/'.join(map(str, error.instance_path))}: {error.message[:300]}"


def _bare(key: str) -> str:
    """Arrays may be written `name[]` in a query."""
    return key.removesuffix("[]")


def _update_block(definitions: Schema) -> Schema:
    """Return the request of `PATCH /v1/blocks/{id}`: a block without children, or its way to the trash and back."""
    own: Schema = {
        "block_id": {"type": "string"},
        "in_trash": {"type": "boolean"},
        "archived": {"type": "boolean"},
    }
    kinds = definitions["BlockObjectRequestWithoutChildren"]["anyOf"]
    changed = [kind | {"properties": kind["properties"] | own} for kind in kinds]
    return {"anyOf": [*changed, {"type": "object", "properties": own, "additionalProperties": False}]}


def _list_of(name: str) -> Schema:
    return {
        "type": "object",
        "required": ["object", "type", "results", "next_cursor", "has_more"],
        "properties": {"object": {"const": "list"}, "results": {"items": {"$ref": f"#/definitions/{name}"}}},
    }
