"""Who may do what: Discord's permission bits, and how roles and channel overwrites add up."""

from collections.abc import Iterable
from enum import IntFlag
from functools import reduce
from operator import or_

from sandbox.discord.objects import Json


class Permission(IntFlag):
    """The bits that this world looks at (https://discord.com/developers/docs/topics/permissions)."""

    ADMINISTRATOR = 1 << 3
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_APPLICATION_COMMANDS = 1 << 31
    CREATE_PUBLIC_THREADS = 1 << 35
    SEND_MESSAGES_IN_THREADS = 1 << 38


EVERYTHING = (1 << 53) - 1
EVERYONE = (
    Permission.ADD_REACTIONS
    | Permission.VIEW_CHANNEL
    | Permission.SEND_MESSAGES
    | Permission.EMBED_LINKS
    | Permission.ATTACH_FILES
    | Permission.READ_MESSAGE_HISTORY
    | Permission.USE_APPLICATION_COMMANDS
    | Permission.CREATE_PUBLIC_THREADS
    | Permission.SEND_MESSAGES_IN_THREADS
)
"""What a member without roles has in a new guild."""


def permissions_of(member: Json, guild: Json, channel: Json) -> int:
    """Return the bits that a member has in a channel (for a thread: give its parent channel)."""
    user_id, everyone = member["user"]["id"], guild["id"]
    held = {everyone, *member["roles"]}
    base = _union(int(role["permissions"]) for role in guild["roles"] if role["id"] in held)
    if user_id == guild["owner_id"] or base & Permission.ADMINISTRATOR:
        return EVERYTHING
    overwrites = {entry["id"]: (int(entry["allow"]), int(entry["deny"])) for entry in channel["permission_overwrites"]}
    for layer in ({everyone}, set(member["roles"]), {user_id}):  # each layer overrules the one before
        entries = [overwrites[key] for key in layer if key in overwrites]
        base = base & ~_union(deny for _, deny in entries) | _union(allow for allow, _ in entries)
    return base if base & Permission.VIEW_CHANNEL else 0


def _union(bits: Iterable[int]) -> int:
    return reduce(or_, bits, 0)
