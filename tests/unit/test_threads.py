"""A thread of its own: heard while somebody listens, waited for by nobody."""

import asyncio
import sys
import threading
from asyncio.subprocess import PIPE

import pytest

from services.clients.threads import in_own_thread

STUCK = """
import asyncio, threading
from services.clients.threads import in_own_thread

async def main():
    stuck = asyncio.create_task(in_own_thread(threading.Event().wait))
    await asyncio.sleep(0.1)
    stuck.cancel()

asyncio.run(main())
"""


async def test_what_comes_out_of_the_thread_comes_to_the_caller() -> None:
    assert await in_own_thread(threading.current_thread) is not threading.current_thread()
    with pytest.raises(ZeroDivisionError):
        await in_own_thread(lambda: 1 / 0)


async def test_a_cancelled_caller_does_not_wait_for_the_thread() -> None:
    released, ended = threading.Event(), threading.Event()

    def work() -> None:
        released.wait()
        ended.set()

    waiting = asyncio.create_task(in_own_thread(work))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    assert waiting.cancelled()
    assert not ended.is_set()

    released.set()
    assert await in_own_thread(lambda: ended.wait(5))


async def test_a_stuck_thread_does_not_hold_up_the_end_of_the_process() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", STUCK, stderr=PIPE)
    async with asyncio.timeout(10):
        _, errors = await process.communicate()

    assert (process.returncode, errors) == (0, b"")
