"""Replies and forwards: what a message that refers to another carries of it."""

from sandbox.discord.errors import invalid
from sandbox.discord.objects import Json
from sandbox.discord.store import Store

REPLY, FORWARD = 0, 1
SNAPSHOT_FIELDS = (
    *("type", "content", "mentions", "mention_roles", "attachments", "embeds", "components"),
    *("timestamp", "edited_timestamp", "flags"),
)


def reference_of(store: Store, channel_id: str, reference: Json | None) -> Json:
    """Return the fields that a reference adds to a message in `channel_id`.

    Raises the refusal of a message that is not there, unless the reply may go without it.
    """
    if reference is None:
        return {}
    source_id = str(reference.get("channel_id") or channel_id)
    target = store.messages.get(source_id, {}).get(str(reference["message_id"]))
    if target is None:
        if not reference.get("fail_if_not_exists", True):
            return {}
        raise invalid("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message")
    kind = reference.get("type") or REPLY
    pointer = {"type": kind, "message_id": target["id"], "channel_id": source_id}
    pointer["guild_id"] = store.channels[source_id]["guild_id"]
    if kind == REPLY:
        return {"type": 19, "message_reference": pointer}
    snapshot = {"message": {field: target[field] for field in SNAPSHOT_FIELDS}}
    return {"message_reference": pointer, "message_snapshots": target.get("message_snapshots", [snapshot])}
