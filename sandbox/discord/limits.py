"""Rate limits as Discord has them: a window for each bucket and channel, and one over everything."""

import hashlib
import math
import time
from dataclasses import dataclass, field

from sandbox.discord.objects import Json


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in a window of seconds that opens with the first of them."""

    bucket: str
    requests: int
    window: float


GLOBAL = Limit("global", 50, 1.0)
CREATE_MESSAGE = Limit("create message", 5, 5.0)
EDIT_MESSAGE = Limit("edit message", 5, 5.0)
DELETE_MESSAGE = Limit("delete message", 5, 5.0)
REACTION = Limit("reaction", 1, 0.25)
"""Adding and removing a reaction share one bucket."""


@dataclass(slots=True)
class Window:
    closes: float
    left: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limiter says of one request: headers for its answer, and a body where it is refused."""

    headers: dict[str, str] = field(default_factory=dict)
    refusal: Json | None = None


class Limiter:
    """Counts requests of one bot. Refused ones cost nothing."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}

    def take(self, limit: Limit, major: str = "") -> Verdict:
        """Count a request against a limit; `major` is the channel that the bucket belongs to."""
        clock = time.monotonic()
        window = self._windows.get((limit.bucket, major))
        if window is None or clock >= window.closes:
            window = self._windows[limit.bucket, major] = Window(clock + limit.window, limit.requests)
        allowed = window.left > 0
        window.left -= allowed
        wait = math.ceil((window.closes - clock) * 1000) / 1000  # never early, so that who obeys is not refused
        headers = {} if limit is GLOBAL else _headers(limit, window.left, wait)
        return Verdict(headers) if allowed else _refused(headers, wait, everything=limit is GLOBAL)


def _headers(limit: Limit, left: int, wait: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit.requests),
        "X-RateLimit-Remaining": str(left),
        "X-RateLimit-Reset": f"{time.time() + wait:.3f}",
        "X-RateLimit-Reset-After": f"{wait:.3f}",
        "X-RateLimit-Bucket": hashlib.sha256(limit.bucket.encode()).hexdigest()[:32],
    }


def _refused(headers: dict[str, str], wait: float, *, everything: bool) -> Verdict:
    own = {
        "Retry-After": str(math.ceil(wait)),
        "Via": "1.1 google",  # Discord's own proxy; a 429 without it comes from Cloudflare
        "X-RateLimit-Scope": "global" if everything else "user",
        **({"X-RateLimit-Global": "true"} if everything else {}),
    }
    body = {"message": "You are being rate limited.", "code": 0, "retry_after": wait, "global": everything}
    return Verdict({**headers, **own}, body)
