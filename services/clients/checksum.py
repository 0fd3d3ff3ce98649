"""The md5 of files, which is what Google Drive compares."""

import hashlib
from functools import partial
from pathlib import Path

from services.clients.threads import in_own_thread


async def md5_of(path: Path) -> str:
    """Return the md5 of a file's content in hexadecimal; read in a thread."""
    return await in_own_thread(partial(_digest, path))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
