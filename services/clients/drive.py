"""Finished files in Google Drive: found before they are made, uploaded in chunks, never shared with anyone."""

import asyncio
import hashlib
import mimetypes
from contextlib import closing
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from google.auth.credentials import Credentials
from googleapiclient.http import HttpRequest, MediaFileUpload

from services.clients.checksum import md5_of
from services.clients.drive_http import LostSessionError, drive_service, named_errors
from services.clients.drive_upload import Chunks, Notes, ResumableUpload
from services.clients.names import portable_name
from services.clients.threads import in_own_thread
from services.errors import TransientError
from services.media import Progress, StoredFile

_FOLDER = "application/vnd.google-apps.folder"
_FIELDS = "id,name,size,md5Checksum,webViewLink"
_CHUNK_BYTES = 8 * 2**20
"""Lost at most when a connection breaks; Drive wants a multiple of 256 KiB."""

_MAX_PROPERTY_BYTES = 124
"""Of an app property's key and value together.
https://developers.google.com/workspace/drive/api/guides/properties"""

_LONGEST_PAUSE_S = 60.0
"""Where Drive asks for more patience, the job waits instead of its worker."""

_ROOT = {"auditscribe": "root"}


class DriveStorage:
    """`services.clients.storage.Storage` in the Drive of `credentials`.

    What it stores carries owner and role as app properties, which only this app sees. An upload that a restart broke
    off goes on from what Drive has, by what `notes` kept of it. `pauses_s` are the waits in seconds between the tries
    of a chunk.
    """

    def __init__(
        self,
        credentials: Credentials,
        api_url: str = "https://www.googleapis.com",
        *,
        notes: Notes,
        root_name: str = "Auditscribe",
        pauses_s: tuple[float, ...] = (1, 4, 16),
        chunk_bytes: int = _CHUNK_BYTES,
    ) -> None:
        self._files = drive_service(credentials, api_url).files()
        self._notes = notes
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
            parent = (await self._ensure(self._root_name, _ROOT, "root")).id
        return await self._ensure(name, _planted(owner, role), parent)

    async def upload(
        self, path: Path, name: str, *, folder: str, owner: str, role: str, progress: Progress
    ) -> StoredFile:
        """Store a file in `folder`, whole: its md5 is compared with Drive's. Raises as `ensure_folder` does.

        A file of this owner and role that is already there is returned as it is, or gets the new content.
        Cancelled, it returns at once, and at most one chunk more is sent.
        """
        properties = _planted(owner, role)
        body = {"name": portable_name(name), "parents": [folder], "appProperties": properties}
        session = f"upload session {role} {owner}"
        async with self._lock(properties):
            try:
                return await self._upload(path, body, session, progress)
            except LostSessionError:  # from the start, looking first whether the file was finished after all
                await self._notes.drop_note(session)
                return await self._upload(path, body, session, progress)

    async def _ensure(self, name: str, properties: dict[str, str], parent: str) -> StoredFile:
        async with self._lock(properties):
            if (found := await self._find(properties)) is not None:
                return found
            body = {"name": portable_name(name), "mimeType": _FOLDER, "parents": [parent], "appProperties": properties}
            created = self._files.create(body=body, fields=_FIELDS, supportsAllDrives=True)
            return _stored(await _execute(created))

    async def _find(self, properties: dict[str, str]) -> StoredFile | None:
        """Return the oldest of what carries these properties, so that two machines would agree on it."""
        terms = [f"appProperties has {{ key='{key}' and value='{_quoted(text)}' }}" for key, text in properties.items()]
        request = self._files.list(
            q=" and ".join([*terms, "trashed = false"]),
            orderBy="createdTime",
            fields=f"nextPageToken,files({_FIELDS})",
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
        )
        while request is not None:  # Drive may give an empty page before the one that has it
            answer = await _execute(request)
            if answer.get("files"):
                return _stored(answer["files"][0])
            request = self._files.list_next(request, answer)
        return None

    async def _upload(self, path: Path, body: dict[str, Any], session: str, progress: Progress) -> StoredFile:
        md5 = await md5_of(path)
        stored = await self._find(body["appProperties"])
        if stored is None or stored.md5 != md5:
            media = Chunks(path, mimetypes.guess_type(body["name"])[0] or "application/octet-stream", self._chunk_bytes)
            request = self._upload_request(media, body, stored)
            with closing(request.http):
                stored = await self._send(ResumableUpload(request, md5, self._notes, session), progress)
        await self._notes.drop_note(session)
        if stored.md5 != md5:
            await _execute(self._files.delete(fileId=stored.id, supportsAllDrives=True))
            raise TransientError(f"The upload of {stored.name} arrived damaged.")
        progress(1.0)
        return stored

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

    def _lock(self, properties: dict[str, str]) -> asyncio.Lock:
        """Return the lock of these properties, which lives as long as somebody holds or awaits it."""
        return self._locks.setdefault(repr(properties), asyncio.Lock())


async def _execute(request: HttpRequest) -> dict[str, Any]:
    with closing(request.http), named_errors():
        answer: dict[str, Any] = await in_own_thread(request.execute)
        return answer


def _planted(owner: str, role: str) -> dict[str, str]:
    room = _MAX_PROPERTY_BYTES - len("owner")
    short = owner if len(owner.encode()) <= room else hashlib.sha256(owner.encode()).hexdigest()
    return {"owner": short, "role": role}


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace("'", r"\'")


def _stored(file: dict[str, Any]) -> StoredFile:
    return StoredFile(
        id=file["id"],
        name=file["name"],
        url=file["webViewLink"],
        size=int(file.get("size", 0)),
        md5=file.get("md5Checksum"),
    )
