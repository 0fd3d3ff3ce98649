"""The md5 of files, which is what Google Drive compares."""

import asyncio
import hashlib
from pathlib import Path


async def md5_of(path: Path) -> str:
    """Return the md5 of a file's content in hexadecimal; read in a thread."""
    return await asyncio.to_thread(_digest, path)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
