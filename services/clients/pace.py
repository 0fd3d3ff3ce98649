"""How quickly a process may send where others, whom it does not see, use up the same limit."""

import random
import time
from collections.abc import Callable

_SLOWER, _FASTER, _SLOWEST_S = 1.5, 0.95, 10.0
_CALM_S = 1.0
"""Refusals that come together slow down once."""
_SPREAD = 2.0
"""Turns over which those who were refused together come back."""


class Pace:
    """A turn's length: a second, longer after refusals. After each success, or the time of one left unused, it is a
    little less long: so processes share a limit, and whoever comes back from a pause is not held up by what was before.

    `make bench ARGS=workers` tells what several workers get done with it.
    """

    def __init__(self, requests_a_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_second = requests_a_second
        self._clock = clock
        self._length_s = 1.0
        self._looked_at = self._slowed_at = float("-inf")

    @property
    def turn_s(self) -> float:
        """Seconds after which a turn is free again."""
        return self._length_s

    def begin(self) -> None:
        """A request is to be sent now."""
        idle_s = self._clock() - self._looked_at
        self._length_s = max(self._length_s * _FASTER ** (idle_s * self._a_second), 1.0)
        self._looked_at = self._clock()

    def succeeded(self) -> None:
        self._length_s = max(self._length_s * _FASTER, 1.0)
        self._looked_at = self._clock()

    def refused(self) -> float:
        """Return the seconds to wait beside those that the service asks for."""
        self._looked_at = now = self._clock()
        if now - self._slowed_at >= _CALM_S:
            self._length_s, self._slowed_at = min(self._length_s * _SLOWER, _SLOWEST_S), now
        return random.uniform(0, _SPREAD * self._length_s)  # noqa: S311 (nobody gains by guessing it)
