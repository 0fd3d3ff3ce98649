"""Rich text: from what a client may send to what Notion answers."""

from __future__ import annotations

from typing import Any

from sandbox.notion.errors import at_most, expect, invalid

PLAIN = {
    "bold": False,
    "italic": False,
    "strikethrough": False,
    "underline": False,
    "code": False,
    "color": "default",
}


def utf16_length(text: str) -> int:
    """Length as Notion counts it: an emoji outside the first plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def parsed(items: Any, where: str) -> list[dict[str, Any]]:
    """Return the rich text that is stored for a request's array; empty pieces vanish, as they do in Notion."""
    expect(list, items, "an array", where)
    at_most(100, len(items), f"{where}.length")
    pieces = [_piece(item, f"{where}[{index}]") for index, item in enumerate(items)]
    return [piece for piece in pieces if piece["plain_text"]]


def plain(rich_text: list[dict[str, Any]]) -> str:
    return "".join(piece["plain_text"] for piece in rich_text)


def of(text: str) -> list[dict[str, Any]]:
    """Return plain text as a request would send it, in pieces of 2000 characters."""
    return [{"text": {"content": text[start : start + 2000]}} for start in range(0, len(text), 2000)]


def checked_url(url: Any, where: str) -> str:
    expect(str, url, "a string", where)
    at_most(2000, utf16_length(url), f"{where}.length")
    return str(url)


def _piece(item: Any, where: str) -> dict[str, Any]:
    expect(dict, item, "an object", where)
    if "text" not in item:
        raise invalid(f"body failed validation: {where}.text should be defined, instead was `undefined`.")
    content, link = item["text"].get("content"), item["text"].get("link")
    expect(str, content, "a string", f"{where}.text.content")
    at_most(2000, utf16_length(content), f"{where}.text.content.length")
    url = checked_url(link["url"], f"{where}.text.link.url") if link else None
    return {
        "type": "text",
        "text": {"content": content, "link": {"url": url} if url else None},
        "annotations": PLAIN | item.get("annotations", {}),
        "plain_text": content,
        "href": url,
    }
