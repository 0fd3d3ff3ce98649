"""Finished files in Google Drive: found before they are made, uploaded in chunks, never shared with anyone."""

import asyncio
import mimetypes
from contextlib import closing
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from google.auth.credentials import Credentials
from googleapiclient.http import HttpRequest, MediaFileUpload

from services.clients.checksum import md5_of
from services.clients.drive_account import DriveAccount
from services.clients.drive_http import LostSessionError, NotFoundError, drive_service, execute
from services.clients.drive_marks import ROOT, marks, search_for
from services.clients.drive_upload import Chunks, Notes, ResumableUpload
from services.clients.names import portable_name
from services.errors import TransientError
from services.media import Progress, StoredFile
from services.turns import Alone, no_others

_FOLDER = "application/vnd.google-apps.folder"
_FIELDS = "id,name,size,md5Checksum,webViewLink"
_CHUNK_BYTES = 8 * 2**20
"""Lost at most when a connection breaks; Drive wants a multiple of 256 KiB."""

_BIG_BYTES = 100 * 2**20
"""From here on it is worth a question whether a file has room."""

_LONGEST_PAUSE_S = 60.0
"""Where Drive asks for more patience, the job waits instead of its worker."""


class DriveStorage:
    """`services.clients.storage.Storage` in the Drive of `credentials`.

    What it stores carries owner and role as app properties (drive_marks.py). An upload that a restart broke off goes
    on from what Drive has, by what `notes` kept of it. Several processes make folders `alone`. `pauses_s` are the waits
    in seconds between the tries of a chunk.
    """

    def __init__(
        self,
        credentials: Credentials,
        api_url: str = "https://www.googleapis.com",
        *,
        notes: Notes,
        alone: Alone = no_others,
        root_name: str = "Auditscribe",
        pauses_s: tuple[float, ...] = (1, 4, 16),
        chunk_bytes: int = _CHUNK_BYTES,
    ) -> None:
        self._files = drive_service(credentials, api_url).files()
        self._account = DriveAccount(credentials, api_url)
        self._notes = notes
        self._alone = alone
        self._root_name = root_name
        self._pauses_s = pauses_s
        self._chunk_bytes = chunk_bytes
        self._locks = WeakValueDictionary[str, asyncio.Lock]()

    async def ensure_folder(self, name: str, *, owner: str, role: str, parent: str | None = None) -> StoredFile:
        """Return the folder of this owner and role, made under `parent` (None: the bot's own root folder) if need be.

        Raises OperatorError where a person must mend the login, the folder or a full Drive; TransientError;
        PermanentError.
        """
        if parent is None:
            parent = (await self._ensure(self._root_name, ROOT, "root")).id
        return await self._ensure(name, marks(owner, role), parent)

    async def is_there(self, stored: StoredFile) -> bool:
        """Return whether a file or folder still exists, and not in the trash. Raises as `ensure_folder` does."""
        try:
            found = await execute(self._files.get(fileId=stored.id, fields="trashed", supportsAllDrives=True))
        except NotFoundError:
            return False
        return not found["trashed"]

    async def upload(
        self, path: Path, name: str, *, folder: str, owner: str, role: str, progress: Progress
    ) -> StoredFile:
        """Store a file in `folder`, whole: its md5 is compared with Drive's. Raises as `ensure_folder` does.

        A file of this owner and role that is already there is returned as it is, or gets the new content.
        Cancelled, it returns at once, and at most one chunk more is sent.
        """
        mark = marks(owner, role)
        body = {"name": portable_name(name), "parents": [folder], "appProperties": mark}
        session = f"{owner}: upload session of {role}"
        async with self._lock(mark):
            try:
                return await self._upload(path, body, session, progress)
            except LostSessionError:  # from the start, looking first whether the file was finished after all
                await self._notes.drop_note(session)
                return await self._upload(path, body, session, progress)

    async def _ensure(self, name: str, mark: dict[str, str], parent: str) -> StoredFile:
        async with self._lock(mark), self._alone(f"folder {mark}"):
            if (found := await self._find(mark)) is not None:
                return found
            body = {"name": portable_name(name), "mimeType": _FOLDER, "parents": [parent], "appProperties": mark}
            created = self._files.create(body=body, fields=_FIELDS, supportsAllDrives=True)
            return _stored(await execute(created))

    async def _find(self, mark: dict[str, str]) -> StoredFile | None:
        """Return the oldest of what carries this mark, so that two machines would agree on it."""
        request = self._files.list(
            q=search_for(mark),
            orderBy="createdTime",
            fields=f"nextPageToken,files({_FIELDS})",
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
        )
        while request is not None:  # Drive may give an empty page before the one that has it
            answer = await execute(request)
            if answer.get("files"):
                return _stored(answer["files"][0])
            request = self._files.list_next(request, answer)
        return None

    async def _upload(self, path: Path, body: dict[str, Any], session: str, progress: Progress) -> StoredFile:
        md5 = await md5_of(path)
        stored = await self._find(body["appProperties"])
        if stored is None or stored.md5 != md5:
            media = Chunks(path, mimetypes.guess_type(body["name"])[0] or "application/octet-stream", self._chunk_bytes)
            try:
                await self._check_room(media.size() - (stored.size if stored else 0), body["parents"][0])
                request = self._upload_request(media, body, stored)
                with closing(request.http):
                    stored = await self._send(ResumableUpload(request, md5, self._notes, session), progress)
            except NotFoundError as error:
                raise TransientError("The folder in Google Drive was removed while its files came in.") from error
        await self._notes.drop_note(session)
        if stored.md5 != md5:
            await execute(self._files.delete(fileId=stored.id, supportsAllDrives=True))
            raise TransientError(f"The upload of {stored.name} arrived damaged.")
        progress(1.0)
        return stored

    async def _check_room(self, size: int, folder: str) -> None:
        if size >= _BIG_BYTES:
            await self._account.require_room(size, folder)

    def _upload_request(self, media: MediaFileUpload, body: dict[str, Any], found: StoredFile | None) -> HttpRequest:
        shared = {"media_body": media, "fields": _FIELDS, "supportsAllDrives": True}
        if found is None:
            return self._files.create(body=body, **shared)
        return self._files.update(fileId=found.id, body={"name": body["name"]}, **shared)

    async def _send(self, upload: ResumableUpload, progress: Progress) -> StoredFile:
        """Send chunk after chunk, with pauses where Drive or the connection has trouble."""
        pauses = iter(self._pauses_s)
        while True:
            try:
                fraction, file = await upload.send_chunk()
            except LostSessionError:
                raise
            except TransientError as error:
                pause = max(next(pauses, _LONGEST_PAUSE_S), error.retry_after or 0)
                if pause >= _LONGEST_PAUSE_S:
                    raise
                await asyncio.sleep(pause)
                continue
            if file is not None:
                return _stored(file)
            progress(fraction)
            pauses = iter(self._pauses_s)

    def _lock(self, mark: dict[str, str]) -> asyncio.Lock:
        """Return the lock of this mark, which lives as long as somebody holds or awaits it."""
        return self._locks.setdefault(repr(mark), asyncio.Lock())


def _stored(file: dict[str, Any]) -> StoredFile:
    return StoredFile(
        id=file["id"],
        name=file["name"],
        url=file["webViewLink"],
        size=int(file.get("size", 0)),
        md5=file.get("md5Checksum"),
    )
