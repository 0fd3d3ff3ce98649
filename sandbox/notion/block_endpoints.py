"""What the endpoints for blocks do."""

from __future__ import annotations

from typing import Any

from sandbox.notion import blocks
from sandbox.notion.calls import Answer, Call, listed, paginated
from sandbox.notion.errors import archived, invalid, not_found
from sandbox.notion.objects import now
from sandbox.notion.workspace import Workspace, uuid


def retrieve_block(workspace: Workspace, call: Call) -> Answer:
    return workspace.block(call.id).shown


def update_block(workspace: Workspace, call: Call) -> Answer:
    block = workspace.block(call.id)
    in_trash = bool(call.body.get("in_trash", call.body.get("archived", False)))
    if block.in_trash:
        raise archived()
    block.content = blocks.updated(block, call.body)
    block.last_edited_time = now()
    return delete_block(workspace, call) if in_trash else block.shown


def delete_block(workspace: Workspace, call: Call) -> Answer:
    block = workspace.block(call.id)
    if block.in_trash:
        raise archived()
    block.in_trash = True
    if block.type == "child_page":
        workspace.page(block.id).in_trash = True
    else:
        workspace.children(block.parent["page_id" if "page_id" in block.parent else "block_id"]).remove(block)
    return block.shown


def list_children(workspace: Workspace, call: Call) -> Answer:
    size = int(call.query.get("page_size", "100"))
    some, following = paginated(workspace.children(call.id), call.query.get("start_cursor"), size)
    return listed([block.shown for block in some], "block", following)


def append_children(workspace: Workspace, call: Call) -> Answer:
    workspace.plan.let_create_blocks()
    parent = workspace.block(call.id)
    if parent.in_trash:
        raise archived()
    if not blocks.may_have_children(parent.type, parent.content):
        raise invalid("Block does not support children.")
    kind = "page_id" if parent.type == "child_page" else "block_id"
    new = blocks.parsed(call.body.get("children"), {"type": kind, kind: parent.id})
    siblings = workspace.children(call.id)
    place = _place([block.id for block in siblings], call.body)
    siblings[place:place] = new
    workspace.add_blocks(new)
    return listed([block.shown for block in new], "block")


def _place(siblings: list[str], body: dict[str, Any]) -> int:
    """Return where new blocks go among their siblings; `after` is the older way to say so."""
    if {"after", "position"} <= body.keys():
        raise invalid("body failed validation: body.after and body.position should not both be defined.")
    after: Any
    match body.get("position", {"type": "end"}):
        case {"type": "start"}:
            return 0
        case {"type": "after_block", "after_block": {"id": str(identifier)}}:
            after = identifier
        case {"type": "end"}:
            after = body.get("after")
        case _:
            raise invalid("body failed validation: body.position.type should be `after_block`, `start` or `end`.")
    if after is None:
        return len(siblings)
    if (known := uuid(after, "body.after")) not in siblings:
        raise not_found("block", after)
    return siblings.index(known) + 1
