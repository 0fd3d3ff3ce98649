"""What a person sees of a message in the worlds."""

from typing import Any

from sandbox.demo.watch import until
from sandbox.worlds import Worlds

STAGES = ["Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete"]
REACTIONS = ["👀", "⬇️", "✍️", "☁️", "✅"]


async def audited(worlds: Worlds, message: dict[str, Any], count: int = 1, within: float = 60) -> list[str]:
    """Return all pages once a message's `count` videos have ended, in all worlds."""

    is_audit = worlds.discord.channel_id("audit-process") == message["channel_id"]

    def ended() -> bool:
        pages = [worlds.notion.page_values(page_id) for page_id in worlds.notion.pages(worlds.audit_database)]
        ends = [page["Transcript Process Status"] for page in pages if page["Message ID"] == message["id"]]
        has_reaction = bool({"✅", "❌"} & worlds.discord.reactions_on(message["id"]).keys())
        return (
            (not is_audit or len(ends) == count)
            and all(end in ("Complete", "Error") for end in ends)
            and has_reaction
            and len(replies(worlds, message)) == count
        )

    await until(worlds, ended, within)
    return worlds.notion.pages(worlds.audit_database)


def replies(worlds: Worlds, message: dict[str, Any]) -> list[str]:
    return [
        one["content"]
        for one in worlds.discord.messages(message["channel_id"])
        if (one.get("message_reference") or {}).get("message_id") == message["id"]
    ]


def reactions(worlds: Worlds, message: dict[str, Any]) -> list[str]:
    """Return the bot's reactions in the order in which it made them."""
    return [emoji for where, emoji, what in worlds.discord.reactions_log if where == message["id"] and what == "add"]


def drive_files(worlds: Worlds) -> dict[str, dict[str, Any]]:
    return {file["name"]: file for file in worlds.drive.files()}


def folder_names(worlds: Worlds) -> list[str]:
    [root] = worlds.drive.tree()
    return [folder["name"] for folder in root["children"]]
