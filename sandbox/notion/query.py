"""Filters and sorts of a data source's query."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from sandbox.notion.columns import Column
from sandbox.notion.errors import invalid
from sandbox.notion.objects import DataSource, Page

Test = Callable[[Page], bool]
Operator = Callable[[Any, Any], bool]


def _is_empty(value: Any, _: Any) -> bool:
    return value is None or value in ("", [])


def _not(test: Operator) -> Operator:
    return lambda value, wanted: not test(value, wanted)


def _equals_any(value: Any, wanted: Any) -> bool:
    return value in wanted if isinstance(wanted, list) else value == wanted


def _contains(value: Any, wanted: Any) -> bool:
    return any(item in (value or "") for item in (wanted if isinstance(wanted, list) else [wanted]))


def _compared(compare: Callable[[Any, Any], bool]) -> Operator:
    return lambda value, wanted: value is not None and compare(value, wanted)


def _in_time(compare: Callable[[Any, Any], bool]) -> Operator:
    """Compare days where only a day is asked for, else moments."""

    def test(value: Any, wanted: str) -> bool:
        if value is None:
            return False
        return compare(value[:10], wanted) if "T" not in wanted else compare(_moment(value), _moment(wanted))

    return test


def _moment(iso: str) -> datetime:
    moment = datetime.fromisoformat(iso)
    return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)


_EMPTINESS: dict[str, Operator] = {"is_empty": _is_empty, "is_not_empty": _not(_is_empty)}
_EQUALITY: dict[str, Operator] = {"equals": _equals_any, "does_not_equal": _not(_equals_any)}
_CONTAINING: dict[str, Operator] = {"contains": _contains, "does_not_contain": _not(_contains)}
_TEXT: dict[str, Operator] = {
    **_EMPTINESS,
    **_EQUALITY,
    **_CONTAINING,
    "starts_with": lambda value, wanted: (value or "").startswith(wanted),
    "ends_with": lambda value, wanted: (value or "").endswith(wanted),
}
_TIME: dict[str, Operator] = {
    **_EMPTINESS,
    "equals": _in_time(operator.eq),
    "before": _in_time(operator.lt),
    "after": _in_time(operator.gt),
    "on_or_before": _in_time(operator.le),
    "on_or_after": _in_time(operator.ge),
}
OPERATORS: dict[str, dict[str, Operator]] = {
    "title": _TEXT,
    "rich_text": _TEXT,
    "url": _TEXT,
    "select": _EMPTINESS | _EQUALITY,
    "status": _EMPTINESS | _EQUALITY,
    "multi_select": _EMPTINESS | _CONTAINING,
    "files": _EMPTINESS,
    "checkbox": _EQUALITY,
    "date": _TIME,
    "created_time": _TIME,
    "last_edited_time": _TIME,
    "number": {
        **_EMPTINESS,
        **_EQUALITY,
        "greater_than": _compared(operator.gt),
        "less_than": _compared(operator.lt),
        "greater_than_or_equal_to": _compared(operator.ge),
        "less_than_or_equal_to": _compared(operator.le),
    },
}


def compiled(query: dict[str, Any] | None, source: DataSource, depth: int = 0) -> Test:
    """Return what a filter asks of a page; raise a refusal for a filter that Notion would not understand."""
    if not query:
        return lambda _: True
    word = next((word for word in ("and", "or") if word in query), None)
    if word is None:
        return _timestamp(query) if "timestamp" in query else _property(query, source)
    if depth == 2:
        raise invalid(f"body failed validation: body.filter.{word} is nested more than two levels deep.")
    tests = [compiled(part, source, depth + 1) for part in query[word]]
    combine = all if word == "and" else any
    return lambda page: combine(test(page) for test in tests)


def _timestamp(query: dict[str, Any]) -> Test:
    kind = query["timestamp"]
    return _condition(query, kind, lambda page: getattr(page, kind))


def _property(query: dict[str, Any], source: DataSource) -> Test:
    column = source.column(query.get("property", ""))
    if column is None:
        raise invalid(f"Could not find property with name or id: {query.get('property')}")
    kind = next((key for key in query if key not in ("property", "type")), None)
    if kind != column.type:
        raise invalid(f"database property {column.type} does not match filter {kind}")
    return _condition(query, kind, lambda page: page.plain(column))


def _condition(query: dict[str, Any], kind: str, value_of: Callable[[Page], Any]) -> Test:
    (word, wanted), *more = query[kind].items()
    if more or word not in OPERATORS[kind]:
        raise invalid(f"body failed validation: body.filter.{kind} should have one of {', '.join(OPERATORS[kind])}.")
    test = OPERATORS[kind][word]
    return lambda page: test(value_of(page), wanted)


def ordered(pages: list[Page], sorts: list[dict[str, Any]], source: DataSource) -> list[Page]:
    """Return pages in the order of `sorts`, the first the strongest; empty values come last either way."""
    for sort in reversed(sorts):
        value_of = _sort_key(sort, source)
        filled = [page for page in pages if not _is_empty(value_of(page), None)]
        empty = [page for page in pages if _is_empty(value_of(page), None)]
        pages = sorted(filled, key=value_of, reverse=sort.get("direction") == "descending") + empty
    return pages


def _sort_key(sort: dict[str, Any], source: DataSource) -> Callable[[Page], Any]:
    if "timestamp" in sort:
        return lambda page: getattr(page, sort["timestamp"])
    column: Column | None = source.column(sort.get("property", ""))
    if column is None:
        raise invalid(f"Could not find sort property with name or id: {sort.get('property')}")
    return lambda page: page.plain(column)
