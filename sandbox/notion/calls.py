"""What every endpoint takes and gives: a request, an answer, and lists in pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from multidict import MultiMapping

from sandbox.notion.errors import at_most, invalid
from sandbox.notion.objects import Thing
from sandbox.notion.workspace import Workspace, uuid


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `id` is the path's, "" where it has none; `body` may be a form's fields."""

    id: str
    query: MultiMapping[str]
    body: dict[str, Any]

    @property
    def filter_properties(self) -> set[str]:
        return {*self.query.getall("filter_properties", []), *self.query.getall("filter_properties[]", [])}


Answer = dict[str, Any]
Endpoint = Callable[[Workspace, Call], Answer]
Shown = TypeVar("Shown", bound=Thing)


def listed(results: list[Answer], kind: str, following: str | None = None) -> Answer:
    return {
        "object": "list",
        "results": results,
        "next_cursor": following,
        "has_more": following is not None,
        "type": kind,
        kind: {},
    }


def paginated(things: Sequence[Shown], cursor: str | None, size: int) -> tuple[Sequence[Shown], str | None]:
    """Return one page of a list and the next cursor, which is the id of the thing that follows."""
    at_most(100, size, "page_size")
    ids = [thing.id for thing in things]
    if cursor is not None and uuid(cursor, "body.start_cursor") not in ids:
        raise invalid(f"The start_cursor provided is invalid: {cursor}")
    start = ids.index(uuid(cursor, "body.start_cursor")) if cursor else 0
    return things[start : start + size], next(iter(ids[start + size :]), None)
