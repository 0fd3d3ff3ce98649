"""What a person sees of a message in the worlds, of its cards, and of the bot's answers."""

import json
import os
import re
import sqlite3
from typing import Any

import psycopg

from sandbox.demo.watch import until
from sandbox.discord.interactions import Interaction
from sandbox.discord.world import DiscordWorld
from sandbox.worlds import Worlds

Json = dict[str, Any]

STAGES = ["Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete"]
REACTIONS = ["👀", "⬇️", "✍️", "☁️", "✅"]
ENDS = ("✅", "❌")


async def audited(worlds: Worlds, message: Json, count: int = 1, within: float = 60) -> list[str]:
    """Return all pages once a message's `count` videos have ended, in all worlds."""

    is_audit = worlds.discord.channel_id("audit-process") == message["channel_id"]

    def ended() -> bool:
        ends = [page["Transcript Process Status"] for page in pages_of(worlds, message)]
        shown = [card["embeds"][0]["description"] for card in cards(worlds, message)]
        return (
            (not is_audit or len(ends) == count)
            and all(end in ("Complete", "Error") for end in ends)
            and bool(set(ENDS) & worlds.discord.reactions_on(message["id"]).keys())
            and len(shown) == count
            and all(text.startswith(ENDS) for text in shown)
        )

    await until(worlds, ended, within)
    return worlds.notion.pages(worlds.audit_database)


async def card_shows(worlds: Worlds, message: Json, words: str, within: float = 30) -> Json:
    """Return the message's only card once these words stand in it."""

    def shows() -> bool:
        return any(words in seen(one) for one in cards(worlds, message))

    await until(worlds, shows, within)
    return card(worlds, message)


def card(worlds: Worlds, message: Json) -> Json:
    """Return the only card of a message."""
    [only] = cards(worlds, message)
    return only


def cards(worlds: Worlds, message: Json) -> list[Json]:
    """Return the replies to a message, the oldest first."""
    return [
        one
        for one in worlds.discord.messages(message["channel_id"])
        if (one.get("message_reference") or {}).get("message_id") == message["id"]
    ]


def replies(worlds: Worlds, message: Json) -> list[str]:
    return [seen(one) for one in cards(worlds, message)]


def seen(message: Json) -> str:
    """Return the words of a message and of its embeds, without what makes them bold and the backslashes."""
    texts = [message["content"]]
    for embed in message["embeds"]:
        texts += [embed.get("title", ""), embed.get("description", "")]
        texts += [f"{field['name']}: {field['value']}" for field in embed.get("fields", [])]
        texts.append(embed.get("footer", {}).get("text", ""))
    return re.sub(r"\\([^a-zA-Z0-9\s])|\*\*", r"\1", "\n".join(filter(None, texts)))


def pinging(discord: DiscordWorld) -> list[str]:
    """Return the messages that the bot sent or changed without saying that they ping nobody."""
    found = []
    for exchange in discord.exchanges:
        if exchange.method in {"POST", "PATCH"} and isinstance(exchange.body, dict):
            message = exchange.body.get("data") or exchange.body
            is_message = "/messages" in exchange.path or message.get("content") or message.get("embeds")
            if is_message and message.get("allowed_mentions") not in (
                {"parse": []},
                {"parse": [], "replied_user": False},
            ):
                found.append(f"{exchange.method} {exchange.path}: {message.get('allowed_mentions')}")
    return found


def said(answer: Interaction) -> str:
    """Return the words of what the bot answered."""
    return "\n".join(seen(message) for message in answer.messages)


def is_private(answer: Interaction) -> bool:
    """Whether nobody but the asker sees any of the answer."""
    return all(message["flags"] & 1 << 6 for message in answer.messages)


def buttons(message: Json) -> dict[str, str]:
    """Return each button's custom id, or the address to which it leads, by its label; those that can be pressed."""
    every = [button for row in message["components"] for button in row["components"]]
    return {one["label"]: one.get("custom_id") or one["url"] for one in every if not one.get("disabled")}


def reactions(worlds: Worlds, message: Json) -> list[str]:
    """Return the bot's reactions in the order in which it made them."""
    return [emoji for where, emoji, what in worlds.discord.reactions_log if where == message["id"] and what == "add"]


def pages_of(worlds: Worlds, message: Json) -> list[Json]:
    """Return the values of a message's pages in the database of audit-process."""
    pages = [worlds.notion.page_values(page_id) for page_id in worlds.notion.pages(worlds.audit_database)]
    return [page for page in pages if page["Message ID"] == message["id"]]


def drive_files(worlds: Worlds) -> dict[str, Json]:
    return {file["name"]: file for file in worlds.drive.files()}


def folder_names(worlds: Worlds) -> list[str]:
    [root] = worlds.drive.tree()
    return [folder["name"] for folder in root["children"]]


def ledger(worlds: Worlds) -> list[Json]:
    """Return the jobs as the ledger has them, in the order of their posting."""
    bodies = "SELECT body FROM jobs ORDER BY created_at"
    if (url := os.environ.get("DATABASE_URL", "")).startswith("postgres"):
        with psycopg.connect(url) as database:
            return [json.loads(body) for (body,) in database.execute(bodies)]
    with sqlite3.connect(worlds.folder / "data" / "auditscribe.db") as connection:
        return [json.loads(body) for (body,) in connection.execute(bodies)]


def job_id(worlds: Worlds, message: Json) -> str:
    """Return the id of the only job of a message."""
    [found] = [job["id"] for job in ledger(worlds) if str(job["origin"]["message_id"]) == message["id"]]
    return str(found)
