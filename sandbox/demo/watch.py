"""Waiting for the worlds to look different."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from sandbox.worlds import Worlds

PAUSE_S = 0.1
"""Changes that come closer together are seen as one."""


async def changes(worlds: Worlds) -> AsyncGenerator[None, None]:
    """Yield at once, and again after each change in any of the worlds. To be closed by whoever stops looking."""
    changed = asyncio.Event()
    for world in worlds.all:
        world.listeners.append(changed.set)
    try:
        while True:
            changed.clear()
            yield
            await changed.wait()
            await asyncio.sleep(PAUSE_S)
    finally:
        for world in worlds.all:
            world.listeners.remove(changed.set)


async def until(worlds: Worlds, condition: Callable[[], bool], within: float) -> None:
    """Wait until `condition` holds, looking after each change; raise TimeoutError after `within` seconds."""
    async with asyncio.timeout(within), aclosing(changes(worlds)) as moments:
        async for _ in moments:
            if condition():
                return
