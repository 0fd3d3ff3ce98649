"""Finished files in a local folder, for those who connect no Google account."""

import asyncio
import errno
import hashlib
import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakValueDictionary

import aiofiles
import aiofiles.os

from services.clients.checksum import md5_of
from services.clients.disk import named_full_disk
from services.clients.files import closed_at_the_end
from services.clients.names import portable_name
from services.errors import OperatorError, PermanentError, TransientError
from services.media import Progress, StoredFile

_MARKER = ".auditscribe.json"
"""Says in each folder what lies in it: {"role owner": file name, or "." for the folder itself}."""

_NAME_BYTES = 240
"""Leaves room for " (2)", and for the name of a copy under way."""

_BLOCK_BYTES = 2**20
_FOR_THE_OPERATOR = {errno.EROFS, errno.EACCES, errno.EPERM}


class LocalStorage:
    """`services.clients.storage.Storage` under `root`; an id is a path relative to it."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        self._naming = asyncio.Lock()
        self._locks = WeakValueDictionary[str, asyncio.Lock]()

    async def ensure_folder(self, name: str, *, owner: str, role: str, parent: str | None = None) -> StoredFile:
        """Return the folder of this owner and role, made under `parent` if need be; never that of another owner.

        Raises OperatorError if the disk is full or write-protected, TransientError if it fails otherwise.
        """
        wanted = portable_name(name, limit=_NAME_BYTES)
        with _named_errors(self._root):
            async with self._naming:
                path = await asyncio.to_thread(_ensure_folder, self._path(parent or "."), wanted, f"{role} {owner}")
        return StoredFile(id=str(path.relative_to(self._root)), name=path.name, url=path.as_uri())

    async def is_there(self, stored: StoredFile) -> bool:
        return await aiofiles.os.path.exists(self._path(stored.id))

    async def upload(
        self, path: Path, name: str, *, folder: str, owner: str, role: str, progress: Progress
    ) -> StoredFile:
        """Copy a file into `folder`, whole: the copy's md5 is compared. Raises as `ensure_folder` does.

        A copy of this owner and role that is already there is returned as it is, or gets the new content.
        """
        key, wanted = f"{role} {owner}", portable_name(name, limit=_NAME_BYTES)
        md5 = await md5_of(path)
        with _named_errors(self._root):
            async with self._locks.setdefault(key, asyncio.Lock()):
                async with self._naming:
                    target = await asyncio.to_thread(_claim, self._path(folder), wanted, key)
                if not await aiofiles.os.path.exists(target) or await md5_of(target) != md5:
                    await _copy(path, target, md5, progress)
        progress(1.0)
        relative, size = str(target.relative_to(self._root)), await aiofiles.os.path.getsize(target)
        return StoredFile(relative, target.name, target.as_uri(), size=size, md5=md5)

    def _path(self, folder: str) -> Path:
        path = (self._root / folder).resolve()
        if not path.is_relative_to(self._root):
            raise PermanentError(f"The folder {folder} lies outside of {self._root}.")
        return path


def _ensure_folder(parent: Path, name: str, key: str) -> Path:
    for marker in parent.glob(f"[!.]*/{_MARKER}"):
        if _lying_in(marker.parent).get(key) == ".":
            return marker.parent
    # Marked before it gets its name: whenever this breaks off, the next try makes no second folder.
    unnamed = parent / f".{hashlib.sha256(key.encode()).hexdigest()}"
    unnamed.mkdir(parents=True, exist_ok=True)
    _note(unnamed, {key: "."})
    numbered = (parent / (name if number == 1 else f"{name} ({number})") for number in itertools.count(1))
    return unnamed.rename(next(path for path in numbered if not path.exists()))


def _claim(folder: Path, name: str, key: str) -> Path:
    """Return where the file of `key` lies or will lie."""
    lying = _lying_in(folder)
    if key not in lying:
        stem, suffix = Path(name).stem, Path(name).suffix
        numbered = (name if number == 1 else f"{stem} ({number}){suffix}" for number in itertools.count(1))
        free = next(name for name in numbered if name not in lying.values() and not (folder / name).exists())
        _note(folder, lying | {key: free})
        return folder / free
    return folder / lying[key]


def _lying_in(folder: Path) -> dict[str, str]:
    try:
        lying: dict[str, str] = json.loads((folder / _MARKER).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return lying


def _note(folder: Path, lying: dict[str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{_MARKER}.part"
    draft.write_text(json.dumps(lying, ensure_ascii=False, indent=2))
    draft.replace(folder / _MARKER)


async def _copy(source: Path, target: Path, md5: str, progress: Progress) -> None:
    part = target.with_name(f".{target.name}.part")
    size = await aiofiles.os.path.getsize(source)
    try:
        async with (
            closed_at_the_end(aiofiles.open(source, "rb")) as reader,
            closed_at_the_end(aiofiles.open(part, "wb")) as writer,
        ):
            while block := await reader.read(_BLOCK_BYTES):
                await writer.write(block)
                progress(await writer.tell() / max(size, 1))
        if await md5_of(part) != md5:
            raise TransientError(f"The copy of {source.name} came out damaged.")
        await aiofiles.os.replace(part, target)
    finally:
        with suppress(FileNotFoundError):
            await aiofiles.os.unlink(part)


@contextmanager
def _named_errors(root: Path) -> Iterator[None]:
    try:
        with named_full_disk():
            yield
    except OSError as error:
        if error.errno in _FOR_THE_OPERATOR:
            raise OperatorError(f"{root} cannot be written: {error.strerror}.", provider="Local folder") from error
        raise TransientError(f"A file could not be stored: {error.strerror}.") from error
