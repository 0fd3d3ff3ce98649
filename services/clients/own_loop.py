"""An event loop in a thread of its own, for what strangers may flood or stall: the bot's loop does not notice."""

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, TypeVar

Service = TypeVar("Service")
Result = TypeVar("Result")


@asynccontextmanager
async def on_own_loop(service: AbstractAsyncContextManager[Service]) -> AsyncIterator[Service]:
    """Enter and leave `service` on a loop of its own, with its own threads for names that are slow to resolve."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)

    async def there(work: Coroutine[Any, Any, Result]) -> Result:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    thread.start()
    try:
        entered = await there(service.__aenter__())
        try:
            yield entered
        finally:
            await there(service.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
