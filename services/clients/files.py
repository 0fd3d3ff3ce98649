"""Files through aiofiles, closed whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Protocol, TypeVar


class Closable(Protocol):
    """What `aiofiles.open` gives."""

    async def close(self) -> None: ...


File = TypeVar("File", bound=Closable)


@asynccontextmanager
async def closed_at_the_end(opening: Awaitable[File]) -> AsyncIterator[File]:
    """Enter what `aiofiles.open` returned; by itself it forgets a file whose opening is cancelled under way."""
    opened = asyncio.ensure_future(opening)
    try:
        yield await asyncio.shield(opened)
    finally:
        await (await opened).close()
