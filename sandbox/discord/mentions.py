"""Whom a text pings: the mentions in it, as far as `allowed_mentions` lets them."""

import re
from dataclasses import dataclass

from sandbox.discord.objects import Json

EVERYTHING: Json = {"parse": ["users", "roles", "everyone"], "replied_user": True}
"""What an absent `allowed_mentions` means."""


@dataclass(frozen=True, slots=True)
class Mentions:
    users: tuple[str, ...]
    roles: tuple[str, ...]
    everyone: bool


def mentions_of(content: str, allowed: Json | None, replied_to: str | None = None) -> Mentions:
    """Return the ids that a text pings; `replied_to` is the author of the message it replies to."""
    rule = EVERYTHING if allowed is None else allowed
    parsed = rule.get("parse") or []
    users = _named(r"<@!?(\d+)>", content, rule.get("users") or [], everyone="users" in parsed)
    if replied_to and rule.get("replied_user"):
        users.append(replied_to)
    roles = _named(r"<@&(\d+)>", content, rule.get("roles") or [], everyone="roles" in parsed)
    shouted = "everyone" in parsed and re.search(r"@(everyone|here)\b", content) is not None
    return Mentions(tuple(dict.fromkeys(users)), tuple(dict.fromkeys(roles)), shouted)


def _named(pattern: str, content: str, listed: list[str | int], *, everyone: bool) -> list[str]:
    allowed = {str(key) for key in listed}
    return [key for key in re.findall(pattern, content) if everyone or key in allowed]
