"""A file that was opened is closed, whatever happens to the one who opens it."""

import asyncio
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiofiles
import pytest

from services.clients.files import closed_at_the_end


async def test_a_file_whose_opening_is_cancelled_is_closed(tmp_path: Path) -> None:
    released = threading.Event()
    with ThreadPoolExecutor(1) as busy, warnings.catch_warnings(record=True, action="always") as unclosed:
        busy.submit(released.wait)

        async def write() -> None:
            async with closed_at_the_end(aiofiles.open(tmp_path / "file", "wb", executor=busy)):
                pytest.fail("cancelled before")

        writing = asyncio.create_task(write())
        await asyncio.sleep(0)
        writing.cancel()
        released.set()
        await asyncio.wait([writing])

    assert writing.cancelled()
    assert (tmp_path / "file").exists()
    assert unclosed == []


async def test_what_cannot_be_opened_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with closed_at_the_end(aiofiles.open(tmp_path / "missing", "rb")):
            pytest.fail("there is none")
