"""What each endpoint does (API version 2025-09-03 and newer)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from multidict import MultiMapping

from sandbox.notion import blocks, columns, query, text
from sandbox.notion.errors import Refusal, at_most, expect, invalid, not_found
from sandbox.notion.objects import BOT, USERS, DataSource, Page, Thing, now
from sandbox.notion.workspace import Workspace, uuid


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `id` is the path's, "" where it has none."""

    id: str
    query: MultiMapping[str]
    body: dict[str, Any]

    @property
    def filter_properties(self) -> set[str]:
        return {*self.query.getall("filter_properties", []), *self.query.getall("filter_properties[]", [])}


Answer = dict[str, Any]
Endpoint = Callable[[Workspace, Call], Answer]
Shown = TypeVar("Shown", bound=Thing)


def retrieve_me(_: Workspace, __: Call) -> Answer:
    return USERS[BOT]


def list_users(_: Workspace, __: Call) -> Answer:
    return _list([*USERS.values()], "user")


def retrieve_user(_: Workspace, call: Call) -> Answer:
    if call.id not in USERS:
        raise not_found("user", call.id)
    return USERS[call.id]


def retrieve_database(workspace: Workspace, call: Call) -> Answer:
    return workspace.database(call.id).shown


def retrieve_data_source(workspace: Workspace, call: Call) -> Answer:
    return workspace.source(call.id).shown


def update_data_source(workspace: Workspace, call: Call) -> Answer:
    source = workspace.source(call.id)
    if "title" in call.body:
        source.name = text.plain(text.parsed(call.body["title"], "body.title"))
    for key, schema in call.body.get("properties", {}).items():
        _change_column(workspace, source, key, schema)
    source.last_edited_time = now()
    return source.shown


def _change_column(workspace: Workspace, source: DataSource, key: str, schema: dict[str, Any] | None) -> None:
    column = source.column(key)
    if column is None:
        if schema is None or "title" in schema:
            raise invalid(f"{key} is not a property that exists.")
        source.columns.append(columns.made(key, schema))
    elif schema is None:
        if column.type == "title":
            raise invalid("Cannot delete title property.")
        source.columns.remove(column)
    else:
        column.name = schema.get("name", column.name)
        if "options" in schema.get(column.type, {}):
            _replace_options(workspace, source, column, schema[column.type]["options"])


def _replace_options(workspace: Workspace, source: DataSource, column: columns.Column, options: Any) -> None:
    """The new list is the whole list: options that it leaves out are gone, from the pages too."""
    if column.type == "status":
        raise invalid(f"{column.name}: the options of a status property cannot be changed through the API.")
    column.config["options"] = columns.replaced_options(column, options)
    for page in workspace.pages_of(source):
        page.values[column.id] = column.without_lost_options(page.value(column))


def query_data_source(workspace: Workspace, call: Call) -> Answer:
    source = workspace.source(call.id)
    test = query.compiled(call.body.get("filter"), source)
    in_trash = bool(call.body.get("in_trash", call.body.get("archived", False)))
    found = [page for page in workspace.pages_of(source, in_trash=in_trash) if test(page)]
    found = query.ordered(found, call.body.get("sorts", []), source)
    some, following = _paginated(found, call.body.get("start_cursor"), call.body.get("page_size", 100))
    return _list([page.shown(call.filter_properties) for page in some], "page_or_data_source", following)


def create_page(workspace: Workspace, call: Call) -> Answer:
    source = _parent(workspace, call.body.get("parent"))
    page = Page(source=source)
    values = source.parsed(call.body.get("properties", {}))
    children = blocks.parsed(call.body.get("children", []), {"type": "page_id", "page_id": page.id})
    page.write(values)
    workspace.add_page(page)
    workspace.content[page.id].extend(children)
    workspace.add_blocks(children)
    return page.shown()


def _parent(workspace: Workspace, parent: Any) -> DataSource:
    """Accept a database id only where it leaves no doubt (developers.notion.com, upgrade guide 2025-09-03)."""
    expect(dict, parent, "an object", "body.parent")
    if "data_source_id" in parent:
        return workspace.source(parent["data_source_id"])
    if "database_id" not in parent:
        raise invalid("body failed validation: body.parent.data_source_id should be defined, instead was `undefined`.")
    sources = workspace.database(parent["database_id"]).sources
    if len(sources) > 1:
        raise invalid("Databases with multiple data sources are not supported in this API version.")
    return sources[0]


def retrieve_page(workspace: Workspace, call: Call) -> Answer:
    return workspace.page(call.id).shown(call.filter_properties)


def update_page(workspace: Workspace, call: Call) -> Answer:
    page, body = workspace.page(call.id), call.body
    in_trash = bool(body.get("in_trash", body.get("archived", page.in_trash)))
    if page.in_trash and in_trash:
        raise _archived()
    page.write(page.source.parsed(body.get("properties", {})))
    page.in_trash = in_trash
    page.is_locked = body.get("is_locked", page.is_locked)
    return page.shown()


def _archived() -> Refusal:
    return invalid("Can't edit block that is archived. You must unarchive the block before editing.")


def retrieve_block(workspace: Workspace, call: Call) -> Answer:
    return workspace.block(call.id).shown


def update_block(workspace: Workspace, call: Call) -> Answer:
    block = workspace.block(call.id)
    in_trash = bool(call.body.get("in_trash", call.body.get("archived", False)))
    if block.in_trash and in_trash:
        raise _archived()
    block.content = blocks.updated(block, call.body)
    block.last_edited_time = now()
    return delete_block(workspace, call) if in_trash else block.shown


def delete_block(workspace: Workspace, call: Call) -> Answer:
    block = workspace.block(call.id)
    block.in_trash = True
    if block.type == "child_page":
        workspace.page(block.id).in_trash = True
    else:
        workspace.children(block.parent["page_id" if "page_id" in block.parent else "block_id"]).remove(block)
    return block.shown


def list_children(workspace: Workspace, call: Call) -> Answer:
    size = int(call.query.get("page_size", "100"))
    some, following = _paginated(workspace.children(call.id), call.query.get("start_cursor"), size)
    return _list([block.shown for block in some], "block", following)


def append_children(workspace: Workspace, call: Call) -> Answer:
    parent = workspace.block(call.id)
    if parent.in_trash:
        raise _archived()
    kind = "page_id" if parent.type == "child_page" else "block_id"
    new = blocks.parsed(call.body.get("children"), {"type": kind, kind: parent.id})
    siblings = workspace.children(call.id)
    place = _place([block.id for block in siblings], call.body)
    siblings[place:place] = new
    workspace.add_blocks(new)
    return _list([block.shown for block in new], "block")


def _place(siblings: list[str], body: dict[str, Any]) -> int:
    position = body.get("position", {"type": "end"})
    if position["type"] == "start":
        return 0
    after = position["after_block"]["id"] if position["type"] == "after_block" else body.get("after")
    if after is None:
        return len(siblings)
    if (identifier := uuid(after, "body.after")) not in siblings:
        raise not_found("block", after)
    return siblings.index(identifier) + 1


def _list(results: list[Answer], kind: str, following: str | None = None) -> Answer:
    return {
        "object": "list",
        "results": results,
        "next_cursor": following,
        "has_more": following is not None,
        "type": kind,
        kind: {},
    }


def _paginated(things: Sequence[Shown], cursor: str | None, size: int) -> tuple[Sequence[Shown], str | None]:
    """Return one page of a list and the next cursor, which is the id of the thing that follows."""
    at_most(100, size, "page_size")
    ids = [thing.id for thing in things]
    if cursor is not None and uuid(cursor, "body.start_cursor") not in ids:
        raise invalid(f"The start_cursor provided is invalid: {cursor}")
    start = ids.index(uuid(cursor, "body.start_cursor")) if cursor else 0
    return things[start : start + size], next(iter(ids[start + size :]), None)


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/v1/users/me", retrieve_me),
    ("GET", "/v1/users", list_users),
    ("GET", "/v1/users/{id}", retrieve_user),
    ("GET", "/v1/databases/{id}", retrieve_database),
    ("GET", "/v1/data_sources/{id}", retrieve_data_source),
    ("PATCH", "/v1/data_sources/{id}", update_data_source),
    ("POST", "/v1/data_sources/{id}/query", query_data_source),
    ("POST", "/v1/pages", create_page),
    ("GET", "/v1/pages/{id}", retrieve_page),
    ("PATCH", "/v1/pages/{id}", update_page),
    ("GET", "/v1/blocks/{id}", retrieve_block),
    ("PATCH", "/v1/blocks/{id}", update_block),
    ("DELETE", "/v1/blocks/{id}", delete_block),
    ("GET", "/v1/blocks/{id}/children", list_children),
    ("PATCH", "/v1/blocks/{id}/children", append_children),
)
