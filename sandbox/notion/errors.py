"""Notion's refusals, in its own words."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

from aiohttp import web


class Refusal(web.HTTPException):
    """An error answer: `{object, status, code, message, request_id}`, and `additional_data` where there are some."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        additional_data: dict[str, Any] | None = None,
    ) -> None:
        self.status_code = status
        body = {"object": "error", "status": status, "code": code, "message": message, "request_id": str(uuid4())}
        if additional_data is not None:
            body["additional_data"] = additional_data
        super().__init__(text=json.dumps(body), content_type="application/json", headers=headers)


def invalid(message: str) -> Refusal:
    """The one code for everything wrong with a request's content."""
    return Refusal(400, "validation_error", message)


def archived() -> Refusal:
    return invalid("Can't edit block that is archived. You must unarchive the block before editing.")


def not_found(kind: str, identifier: str) -> Refusal:
    return Refusal(
        404,
        "object_not_found",
        f"Could not find {kind} with ID: {identifier}. "
        "Make sure the relevant pages and databases are shared with your integration.",
    )


def expect(kind: type | tuple[type, ...], value: Any, words: str, where: str) -> None:
    """Refuse a value of another JSON type; `words` says what was expected, `where` is its path in the body."""
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise invalid(f"body failed validation: {where} should be {words}, instead was `{json.dumps(value)}`.")


def at_most(limit: int, actual: int, where: str) -> None:
    """Refuse a size beyond Notion's limit (developers.notion.com/reference/request-limits)."""
    if actual > limit:
        raise invalid(f"body failed validation: {where} should be ≤ `{limit}`, instead was `{actual}`.")
