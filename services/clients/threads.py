"""Blocking calls in threads that nobody has to wait for."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


async def in_own_thread(work: Callable[[], Result]) -> Result:
    """Return or raise what `work` does; cancelled, leave it to itself.

    Unlike the threads of `asyncio.to_thread`, its thread does not hold up the end of the process, however stuck it is.
    """
    outcome = Future[Result]()
    outcome.set_running_or_notify_cancel()  # from here on a cancelled caller leaves it open

    def run() -> None:
        try:
            outcome.set_result(work())
        except BaseException as error:  # noqa: BLE001 (handed to the caller, as concurrent.futures does)
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return await asyncio.wrap_future(outcome)
