"""A file on its way into Google Drive, chunk by chunk, in a session that outlives the process."""

import hashlib
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from googleapiclient.errors import ResumableUploadError
from googleapiclient.http import HttpRequest, MediaFileUpload

from services.clients.drive_http import named_errors
from services.clients.threads import in_own_thread


class Notes(Protocol):
    """Small texts that are still there after a restart: the ledger's (`services.store.JobStore`)."""

    async def find_note(self, name: str) -> str | None: ...

    async def keep_note(self, name: str, text: str) -> None: ...

    async def drop_note(self, name: str) -> None: ...


class ResumableUpload:
    """Sends what is missing of `request`, whose body is a file with this md5.

    Its session is kept under `name` from its beginning, and taken up again for the same bytes and the same request
    only. A session's address is a secret: whoever has it may upload.
    """

    def __init__(self, request: HttpRequest, md5: str, notes: Notes, name: str) -> None:
        self._request = request
        self._notes = notes
        self._name = name
        meant = f"{md5} {request.method} {request.uri} {request.body}"
        self._mark = hashlib.sha256(meant.encode()).hexdigest()

    async def send_chunk(self) -> tuple[float, dict[str, Any] | None]:
        """Return the fraction that Drive has now, and the file once it is whole.

        Raises the errors of drive_http.py; call it again after a TransientError, but not after a LostSessionError.
        """
        if self._request.resumable_uri is None:
            self._request.resumable_uri = await self._find_session() or await self._open_session()
        with named_errors(in_session=True):
            status, file = await in_own_thread(self._request.next_chunk)
        return (1.0 if status is None else status.progress()), file

    async def _find_session(self) -> str | None:
        kept = await self._notes.find_note(self._name) or ""
        mark, _, uri = kept.partition(" ")
        if mark != self._mark:
            return None
        self._request._in_error_state = True  # noqa: SLF001 (its only way to ask first what Drive has already)
        return uri

    async def _open_session(self) -> str:
        with named_errors():
            uri = await in_own_thread(partial(_opened, self._request))
        await self._notes.keep_note(self._name, f"{self._mark} {uri}")
        return uri


class Chunks(MediaFileUpload):  # type: ignore[misc]  # googleapiclient has no types
    """A file that is read anew for each try of a chunk: a stream that was consumed once makes the client hang."""

    def __init__(self, path: Path, mimetype: str, chunk_bytes: int) -> None:
        super().__init__(str(path), mimetype=mimetype, chunksize=chunk_bytes, resumable=True)

    def has_stream(self) -> bool:
        return False


def _opened(request: HttpRequest) -> str:
    """Return the address of a new session: what `next_chunk` begins with, but before any byte is sent."""
    media = request.resumable
    headers = {"X-Upload-Content-Type": media.mimetype(), "X-Upload-Content-Length": str(media.size())}
    response, content = request.http.request(request.uri, request.method, request.body, request.headers | headers)
    if "location" not in response:
        raise ResumableUploadError(response, content)
    return str(response["location"])
