"""A wire that all connections to the site share."""

import asyncio

_MADE_UP_FOR_S = 0.25
"""So much of a delay of the machine's own is made up for, so that the rate is kept."""


class Wire:
    """Carries one piece after the other, whoever sends it: two connections get half of it each."""

    def __init__(self) -> None:
        self.bytes_per_second: float | None = None
        """None: it is as fast as the machine."""
        self._free_at = 0.0

    async def carry(self, size: int) -> None:
        """Return when a piece of `size` bytes has gone through."""
        if self.bytes_per_second is None:
            return
        now = asyncio.get_running_loop().time()
        self._free_at = max(self._free_at, now - _MADE_UP_FOR_S) + size / self.bytes_per_second
        await asyncio.sleep(self._free_at - now)
