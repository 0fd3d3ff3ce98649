"""Faults that pass by themselves, thrown into the worlds at random: none may cost a video or double anything."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.server import Fault, World
from sandbox.worlds import Worlds

A_MINUTE = 15
_DRIVE_BUSY = {"code": 403, "message": "Slow down.", "errors": [{"reason": "userRateLimitExceeded", "message": "Slow"}]}


def _notion(status: int, code: str) -> dict[str, Any]:
    return {"object": "error", "status": status, "code": code, "message": "The sandbox misbehaves.", "request_id": "0"}


def _faults() -> Iterator[tuple[str, Fault]]:
    """Yield each fault with the world in which it happens."""
    for method, path in (("POST", "/v1/pages$"), ("PATCH", "/v1/pages/"), ("POST", "/query$"), ("PATCH", "/children$")):
        for status, code in ((500, "internal_server_error"), (503, "service_unavailable"), (529, "overloaded")):
            yield "notion", Fault(method, path, status, body=_notion(status, code))
        limited = _notion(429, "rate_limited")
        yield "notion", Fault(method, path, 429, {"Retry-After": "2"}, limited)
        yield "notion", Fault(method, path)
        yield "notion", Fault(method, path, before=False)
    for method, path in (
        ("POST", "/messages$"),
        ("PATCH", "/messages/"),
        ("PUT", "/reactions/"),
        ("DELETE", "/reactions/"),
    ):
        for status in (500, 502, 503):
            yield "discord", Fault(method, path, status, body={"message": "busy", "code": 0})
        yield "discord", Fault(method, path)
        yield "discord", Fault(method, path, before=False)
    yield "discord", Fault("GET", "^/attachments/", 503, body={})
    for method, path in (
        ("POST", "^/drive/v3/files$"),
        ("GET", "^/drive/v3/files"),
        ("POST", "^/upload"),
        ("PUT", "^/upload"),
    ):
        for status in (500, 503):
            yield "drive", Fault(method, path, status, body={"error": {"code": status, "message": "Backend Error"}})
        yield "drive", Fault(method, path, 403, {"Retry-After": "1"}, {"error": _DRIVE_BUSY})
        yield "drive", Fault(method, path)
        yield "drive", Fault(method, path, before=False)
    for status in (429, 500, 503):
        yield "site", Fault("GET", "^/clips/", status)
    yield "site", Fault("GET", "^/clips/")
    yield "site", Fault("GET", "^/youtube/", 503)


FAULTS = {where: [fault for name, fault in _faults() if name == where] for where in dict(_faults())}
"""By world."""


@dataclass(slots=True)
class Weather:
    """Throws a fault into one of the worlds now and then; each meets one request."""

    worlds: Worlds
    chance: random.Random
    thrown: list[Fault] = field(default_factory=list)

    @property
    def met(self) -> int:
        """How many have happened to a request."""
        return sum(fault.times == 0 for fault in self.thrown)

    async def blow(self, a_minute: float = A_MINUTE) -> None:
        """Throw faults until cancelled; those that no request has met go with it. One in five breaks the gateway."""
        try:
            while True:
                await asyncio.sleep(self.chance.expovariate(a_minute / 60))
                self._throw(self.chance.choice(["gateway", *FAULTS]))
        finally:
            for world in self.worlds.all:
                world.faults.clear()

    def _throw(self, where: str) -> None:
        if where == "gateway":
            self.worlds.discord.drop_gateway(resumable=self.chance.random() < 0.5)
            self.thrown.append(Fault("GET", "gateway", times=0))
            return
        fault = replace(self.chance.choice(FAULTS[where]))
        self.thrown.append(fault)
        world: World = getattr(self.worlds, where)
        world.faults[:] = [*(one for one in world.faults if one.times > 0), fault]
