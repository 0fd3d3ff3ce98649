"""PURE: what became of a posted video, as `--json` tells it."""

from typing import Any

from sandbox.worlds import Worlds

Json = dict[str, Any]

STATUS = "Transcript Process Status"
ENDED_STATUSES = {"Complete", "Error"}
ENDED_REACTIONS = {"✅", "❌"}


def has_ended(worlds: Worlds, message: Json) -> bool:
    """Whether Discord and Notion both say that a message's video is done, well or not."""
    answered = any(
        (other.get("message_reference") or {}).get("message_id") == message["id"] and not _can_be_cancelled(other)
        for other in worlds.discord.messages(message["channel_id"])
    )
    reacted = ENDED_REACTIONS & worlds.discord.reactions_on(message["id"]).keys()
    page = find_page(worlds, message)
    return answered and bool(reacted) and page is not None and worlds.notion.page_values(page)[STATUS] in ENDED_STATUSES


def _can_be_cancelled(card: Json) -> bool:
    return any(button.get("label") == "Cancel" for row in card["components"] for button in row["components"])


def find_page(worlds: Worlds, message: Json) -> str | None:
    """Return the page of a message's first video."""
    pages = worlds.notion.pages(worlds.audit_database)
    return next((page for page in pages if worlds.notion.page_values(page)["Message ID"] == message["id"]), None)


def summary(worlds: Worlds, message: Json, seconds: float) -> Json:
    """Return what Discord, Notion and Drive hold after the only video was posted, in so many seconds."""
    page = find_page(worlds, message)
    files = worlds.drive.files()
    transcript = next((file["id"] for file in files if file["name"] == "transcript.txt"), None)
    log = worlds.discord.reactions_log
    return {
        "statuses": worlds.notion.status_history(page) if page else [],
        "reactions": [emoji for where, emoji, what in log if where == message["id"] and what == "add"],
        "page": worlds.notion.page_values(page) if page else {},
        "files": [{name: file[name] for name in ("name", "bytes", "md5")} for file in files],
        "transcript": worlds.drive.content(transcript).decode() if transcript else "",
        "seconds": round(seconds, 1),
        "spec_checked": worlds.checked,
        "spec_violations": len(worlds.violations),
    }
