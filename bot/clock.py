"""The time of day as jobs are dated by it."""

import time
from collections.abc import Callable
from datetime import datetime, timezone, tzinfo


class Clock:
    """Returns the time in `zone`, later at each call.

    Where the machine's clock is set back it goes on at half speed until that has caught up: what was posted later
    stays later in line, and nothing takes less than no time. `wall` returns seconds since 1970, `steady` seconds that
    nobody sets. Waits and time limits go by the event loop's clock, which nobody sets either.
    """

    def __init__(
        self,
        zone: tzinfo,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._zone = zone
        self._wall = wall
        self._steady = steady
        self._told, self._told_at = wall(), steady()

    def __call__(self) -> datetime:
        at = self._steady()
        self._told = max(self._wall(), self._told + (at - self._told_at) / 2)
        self._told_at = at
        return datetime.fromtimestamp(self._told, timezone.utc).astimezone(self._zone)
