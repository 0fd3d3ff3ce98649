"""Blocks: the content of pages, with the limits of one request."""

from __future__ import annotations

from typing import Any

from sandbox.notion import text
from sandbox.notion.errors import at_most, expect, invalid
from sandbox.notion.objects import Block

_TEXT = {"rich_text": [], "color": "default"}
_FILE = {"type": "external", "caption": []}
DEFAULTS: dict[str, dict[str, Any]] = {
    "paragraph": _TEXT | {"icon": None},
    "heading_1": _TEXT | {"is_toggleable": False},
    "heading_2": _TEXT | {"is_toggleable": False},
    "heading_3": _TEXT | {"is_toggleable": False},
    "bulleted_list_item": _TEXT,
    "numbered_list_item": _TEXT,
    "quote": _TEXT,
    "toggle": _TEXT,
    "to_do": _TEXT | {"checked": False},
    "callout": _TEXT | {"icon": None},
    "code": {"rich_text": [], "caption": [], "language": "plain text"},
    "bookmark": {"caption": []},
    "embed": {"caption": []},
    "divider": {},
    "image": _FILE,
    "video": _FILE,
    "audio": _FILE,
    "file": _FILE | {"name": "file"},
}
"""The block types of this sandbox, with what Notion fills in."""


_LISTS = ("bulleted_list_item", "numbered_list_item")
_TOGGLES = ("heading_1", "heading_2", "heading_3")
_PARENTS = ("child_page", "paragraph", "quote", "toggle", "to_do", "callout", *_LISTS)


def may_have_children(kind: str, content: dict[str, Any]) -> bool:
    return kind in _PARENTS or (kind in _TOGGLES and bool(content.get("is_toggleable")))


def parsed(items: Any, parent: dict[str, Any], where: str = "body.children") -> list[Block]:
    """Return new blocks for a request's children: at most 100 an array, 1000 in all, nested two levels deep."""
    blocks = _parsed(items, parent, where, depth=0)
    at_most(1000, _count(blocks), "the number of blocks in body.children")
    return blocks


def _count(blocks: list[Block]) -> int:
    return sum(1 + _count(block.children) for block in blocks)


def updated(block: Block, change: dict[str, Any]) -> dict[str, Any]:
    """Return a block's content after an update, which may not change its type."""
    unknown = set(change) - {block.type, "type", "in_trash", "archived"}
    if unknown:
        raise invalid(f"body failed validation: body.{min(unknown)} should be not present.")
    return block.content | _content(block.type, change.get(block.type, {}), f"body.{block.type}")


def _parsed(items: Any, parent: dict[str, Any], where: str, depth: int) -> list[Block]:
    expect(list, items, "an array", where)
    at_most(100, len(items), f"{where}.length")
    return [_block(item, parent, f"{where}[{index}]", depth) for index, item in enumerate(items)]


def _block(item: Any, parent: dict[str, Any], where: str, depth: int) -> Block:
    expect(dict, item, "an object", where)
    kind = next((key for key in item if key in DEFAULTS), None)
    if kind is None:
        wanted = ", ".join(f"`{kind}`" for kind in DEFAULTS)
        raise invalid(f"body failed validation: {where} should have one of {wanted}.")
    content = dict(item[kind])
    children = content.pop("children", [])
    if "children" in item[kind] and (depth == 2 or not may_have_children(kind, content)):
        raise invalid(f"body failed validation: {where}.{kind}.children should be not present.")
    block = Block(type=kind, content=DEFAULTS[kind] | _content(kind, content, f"{where}.{kind}"), parent=parent)
    block.children = _parsed(children, {"type": "block_id", "block_id": block.id}, f"{where}.children", depth + 1)
    return block


def _content(kind: str, content: dict[str, Any], where: str) -> dict[str, Any]:
    checked = dict(content)
    for key in ("rich_text", "caption"):
        if key in content:
            checked[key] = text.parsed(content[key], f"{where}.{key}")
    if kind in ("bookmark", "embed") and "url" in content:
        text.checked_url(content["url"], f"{where}.url")
    if "file_upload" in content:
        raise invalid(f"body failed validation: {where}.file_upload is unknown to this sandbox.")
    if "external" in content:
        text.checked_url(content["external"].get("url"), f"{where}.external.url")
    return checked
