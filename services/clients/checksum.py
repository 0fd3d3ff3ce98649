"""Sums of files: md5 is what Google Drive compares, sha256 what people can hold a copy against."""

import hashlib
from functools import partial
from pathlib import Path

from services.clients.threads import in_own_thread


async def md5_of(path: Path) -> str:
    """Return the md5 of a file's content in hexadecimal; read in a thread."""
    return await in_own_thread(partial(_digest, path, "md5"))


async def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal; read in a thread."""
    return await in_own_thread(partial(_digest, path, "sha256"))


def _digest(path: Path, name: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(name, usedforsecurity=False)).hexdigest()
