"""Who may ask, in which version of the API, and how often."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from aiohttp import web

from sandbox.notion.errors import Refusal

OLDEST_VERSION = "2025-09-03"
WINDOW_S = 0.95
"""A second, less what two requests may gain on one another on their way."""


class Gate:
    """At most `requests_per_second` in any second (Notion: three on average, "some bursts" above)."""

    def __init__(self) -> None:
        self.token = "ntn_sandbox"
        self.requests_per_second = 3
        self._admitted: deque[float] = deque()

    def admit(self, request: web.Request) -> None:
        """Raise the refusal that a request deserves before anyone looks at what it wants."""
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            raise Refusal(401, "unauthorized", "API token is invalid.")
        version = request.headers.get("Notion-Version")
        if version is None:
            raise Refusal(400, "missing_version", _version_words("undefined"))
        if version < OLDEST_VERSION:
            raise Refusal(400, "validation_error", _version_words(version))
        self._limit_rate(asyncio.get_running_loop().time())

    def _limit_rate(self, at: float) -> None:
        while self._admitted and self._admitted[0] <= at - WINDOW_S:
            self._admitted.popleft()
        if len(self._admitted) >= self.requests_per_second:
            wait = math.ceil(self._admitted[0] + WINDOW_S - at)
            message = "You have been rate limited. Please try again in a few minutes."
            raise Refusal(429, "rate_limited", message, headers={"Retry-After": str(max(1, wait))})
        self._admitted.append(at)


def _version_words(version: str) -> str:
    return (
        "Notion-Version header failed validation: "
        f"Notion-Version header should be `{OLDEST_VERSION}` or newer, instead was `{version}`."
    )
