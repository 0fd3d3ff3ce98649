"""What people do in the worlds' Discord."""

from sandbox.discord.interactions import Interaction
from sandbox.discord.permissions import Permission
from sandbox.media import clip
from sandbox.worlds import Worlds
from tests.e2e.observing import Json, buttons, card

SLOW = 5_000
"""Bytes per second of a download that no test wants to see the end of: of `jfk.mp4` after 40 s."""
STILL = "silence.mp4"
"""The clip that is done soonest: three seconds, and not a word in them."""


def moderator(worlds: Worlds) -> Json:
    return worlds.discord.add_member("Mo", permissions=Permission.MANAGE_MESSAGES)


def bystander(worlds: Worlds) -> Json:
    return worlds.discord.add_member("Ben")


def post_file(
    worlds: Worlds, name: str = STILL, *, channel: str = "audit-process", author: Json | None = None, called: str = ""
) -> Json:
    """Post a clip as an attachment."""
    file = (called or name, clip(worlds.clips, name).read_bytes(), "video/mp4")
    return worlds.discord.post(channel, files=[file], author=author)


def post_endless(worlds: Worlds, channel: str = "audit-process") -> Json:
    """Post a link to a video whose download takes longer than any test."""
    worlds.site.slow["/clips/jfk.mp4"] = SLOW
    return worlds.discord.post(channel, worlds.site.clip_url("jfk.mp4"))


async def press(worlds: Worlds, message: Json, label: str, user: Json | None = None) -> Interaction:
    """Press a button below the card of a message."""
    shown = card(worlds, message)
    return await worlds.discord.press(shown["id"], buttons(shown)[label], user=user)
