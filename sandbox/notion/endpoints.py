"""What each endpoint does (API version 2025-09-03 and newer)."""

from __future__ import annotations

from typing import Any

from sandbox.notion import block_endpoints, blocks, columns, query, text
from sandbox.notion.calls import Answer, Call, Endpoint, listed, paginated
from sandbox.notion.errors import archived, expect, invalid, not_found
from sandbox.notion.members import BOT
from sandbox.notion.objects import DataSource, Page, now
from sandbox.notion.workspace import Workspace


def retrieve_me(workspace: Workspace, _: Call) -> Answer:
    return workspace.plan.users()[BOT]


def list_users(workspace: Workspace, _: Call) -> Answer:
    return listed([*workspace.plan.users().values()], "user")


def retrieve_user(workspace: Workspace, call: Call) -> Answer:
    users = workspace.plan.users()
    if call.id not in users:
        raise not_found("user", call.id)
    return users[call.id]


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
        elif columns.kind_of(schema) not in (None, column.type):
            _change_type(workspace, source, column, schema)


def _change_type(workspace: Workspace, source: DataSource, column: columns.Column, schema: dict[str, Any]) -> None:
    """The column gets another type, and its cells lose what that cannot hold (here: everything)."""
    if column.type == "title":
        raise invalid("Cannot update the type of the title property.")
    changed = columns.made(column.name, schema)
    column.type, column.config = changed.type, changed.config
    for page in [*workspace.pages_of(source), *workspace.pages_of(source, in_trash=True)]:
        page.values.pop(column.id, None)


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
    some, following = paginated(found, call.body.get("start_cursor"), call.body.get("page_size", 100))
    return listed([page.shown(call.filter_properties) for page in some], "page_or_data_source", following)


def create_page(workspace: Workspace, call: Call) -> Answer:
    workspace.plan.let_create_blocks()
    source = _parent(workspace, call.body.get("parent"))
    page = Page(source=source)
    values = source.parsed(call.body.get("properties", {}), workspace.uploads)
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
        raise archived()
    page.write(page.source.parsed(body.get("properties", {}), workspace.uploads))
    page.in_trash = in_trash
    page.is_locked = body.get("is_locked", page.is_locked)
    return page.shown()


def create_upload(workspace: Workspace, call: Call) -> Answer:
    return workspace.uploads.create(call.body)


def retrieve_upload(workspace: Workspace, call: Call) -> Answer:
    return workspace.uploads.retrieve(call.id)


def send_upload(workspace: Workspace, call: Call) -> Answer:
    return workspace.uploads.send(call.id, call.body)


def complete_upload(workspace: Workspace, call: Call) -> Answer:
    return workspace.uploads.complete(call.id)


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
    ("GET", "/v1/blocks/{id}", block_endpoints.retrieve_block),
    ("PATCH", "/v1/blocks/{id}", block_endpoints.update_block),
    ("DELETE", "/v1/blocks/{id}", block_endpoints.delete_block),
    ("GET", "/v1/blocks/{id}/children", block_endpoints.list_children),
    ("PATCH", "/v1/blocks/{id}/children", block_endpoints.append_children),
    ("POST", "/v1/file_uploads", create_upload),
    ("GET", "/v1/file_uploads/{id}", retrieve_upload),
    ("POST", "/v1/file_uploads/{id}/send", send_upload),
    ("POST", "/v1/file_uploads/{id}/complete", complete_upload),
)
