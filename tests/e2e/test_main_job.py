"""The main job, end to end: a posted video becomes a page, a transcript and files."""

import asyncio
import hashlib
from typing import Any

import pytest

from sandbox.media import clip, words
from sandbox.site.world import JFK
from sandbox.worlds import Worlds

pytestmark = pytest.mark.usefixtures("bot")

STAGES = ["Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete"]
REACTIONS = ["👀", "⬇️", "✍️", "☁️", "✅"]


async def audited(worlds: Worlds, message: dict[str, Any], count: int = 1) -> list[str]:
    """Return the pages of a message once all have ended and it has been answered."""

    def ended() -> bool:
        return len(replies(worlds, message)) == count

    await worlds.discord.until(ended, within=60)
    await worlds.discord.until(lambda: bool({"✅", "❌"} & worlds.discord.reactions_on(message["id"]).keys()))
    return worlds.notion.pages(worlds.audit_database)


def replies(worlds: Worlds, message: dict[str, Any]) -> list[str]:
    return [
        one["content"]
        for one in worlds.discord.messages(message["channel_id"])
        if (one.get("message_reference") or {}).get("message_id") == message["id"]
    ]


def reactions(worlds: Worlds, message: dict[str, Any]) -> list[str]:
    return [emoji for where, emoji, what in worlds.discord.reactions_log if where == message["id"] and what == "add"]


def recall(transcript: str, spoken: str) -> float:
    heard, said = (
        ["".join(filter(str.isalnum, word.casefold())) for word in text.split()] for text in (transcript, spoken)
    )
    return sum(word in heard for word in said) / len(said)


async def test_a_youtube_link(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", f"please audit https://youtu.be/{JFK}?si=x")

    [page_id] = await audited(worlds, message)

    assert worlds.notion.status_history(page_id) == STAGES
    assert reactions(worlds, message) == REACTIONS
    assert list(worlds.discord.reactions_on(message["id"])) == ["✅"]
    page = worlds.notion.page_values(page_id)
    print(page, worlds.drive.tree())
