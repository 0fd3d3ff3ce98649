"""How long a server may take: nothing for long, or next to nothing for ever, are the same to those who wait."""

import asyncio
from types import TracebackType
from typing import Self

LEAST_BYTES_PER_S = 1024
"""A download this slow is of no use to anybody: telephone sound at its worst comes faster."""


class Patience:
    """A block that raises TimeoutError when it has waited in vain for `timeout_s` seconds.

    Each KiB that comes buys another second, up to `timeout_s`: a byte now and then is as good as none.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._limit = asyncio.timeout(timeout_s)

    def take(self, size: int) -> None:
        """Note that so many bytes have come."""
        bought = (self._limit.when() or 0.0) + size / LEAST_BYTES_PER_S
        self._limit.reschedule(min(bought, asyncio.get_running_loop().time() + self._timeout_s))

    async def __aenter__(self) -> Self:
        await self._limit.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._limit.__aexit__(kind, error, trace)
