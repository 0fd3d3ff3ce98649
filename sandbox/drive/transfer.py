"""Content on its way: whole, in chunks, and back."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from aiohttp import web

from sandbox.drive.errors import Refusal, invalid
from sandbox.drive.fields import Mask
from sandbox.drive.files import File, Shelf
from sandbox.drive.uploads import Session, two_parts


class Transfer:
    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.bytes_per_second: float | None = None
        self.cuts: list[int] = []
        """Where in a file the connection breaks, once each: after so many bytes, of which whole units are kept."""
        self._sessions: dict[str, Session] = {}
        self._lost: dict[str, int] = {}

    async def upload(self, request: web.Request, mask: Mask | None) -> Session:
        """Take a POST or PATCH: return the session, complete for a multipart upload, or open for a resumable one."""
        body = await self._read(request)
        kind = request.query.get("uploadType")
        if kind == "multipart":
            metadata, media_type, content = two_parts(request.headers["Content-Type"], body)
            session = self._session(request, metadata, media_type, mask)
            session.receive(None, content)
            self._finish(session)
        elif kind == "media":
            session = self._session(request, {}, request.content_type, mask)
            session.receive(None, body)
            self._finish(session)
        elif kind == "resumable":
            media_type = request.headers.get("X-Upload-Content-Type", "application/octet-stream")
            session = self._session(request, await request.json() if body else {}, media_type, mask)
            self.shelf.require_room(session.file, int(request.headers.get("X-Upload-Content-Length", "0")))
            self._sessions[session.id] = session
        else:
            raise invalid("uploadType", "Invalid upload type.")
        return session

    async def chunk(self, request: web.Request) -> Session | None:
        """Take a PUT to a session; its address is the permission. Return None where the connection breaks.

        Raises 404, or 410, for a session that is lost.
        """
        session_id = request.query.get("upload_id", "")
        session = self._sessions.get(session_id)
        if session is None:
            raise Refusal(self._lost.get(session_id, 404), "notFound", "The upload session was not found.")
        content_range, body = request.headers.get("Content-Range"), await self._read(request)
        for cut in self.cuts:
            if session.break_off(content_range, body, cut):
                self.cuts.remove(cut)
                return None
        was_complete = session.is_complete
        session.receive(content_range, body)
        if session.is_complete and not was_complete:
            self._finish(session)
        return session

    def lose_sessions(self, status: int) -> None:
        """Forget what is on its way, as Google does after a week."""
        self._lost |= dict.fromkeys(self._sessions, status)
        self._sessions.clear()

    def _session(self, request: web.Request, metadata: dict[str, Any], media_type: str, mask: Mask | None) -> Session:
        shared_drives = request.query.get("supportsAllDrives") == "true"
        if "id" in request.match_info:
            file = self.shelf.find(request.match_info["id"], shared_drives=shared_drives)
            return Session(file, metadata, mask)
        return Session(self.shelf.checked({"mimeType": media_type} | metadata, shared_drives=shared_drives), {}, mask)

    def _finish(self, session: Session) -> None:
        """Make the file of a session's bytes; where it is refused, asking once more tries again."""
        session.is_complete = False
        self.shelf.hold(session.file, bytes(session.received))
        self.shelf.add(session.file)
        self.shelf.update(session.file, session.changes)
        session.is_complete = True

    async def _read(self, request: web.Request) -> bytes:
        body = await request.read()
        if self.bytes_per_second is not None:
            await asyncio.sleep(len(body) / self.bytes_per_second)
        return body


def download(file: File, wanted: str | None) -> web.Response:
    """Answer `alt=media`, or the part of it that a Range header wants."""
    if file.content is None:
        message = "Only files with binary content can be downloaded. Use Export with Docs Editors files."
        raise Refusal(403, "fileNotDownloadable", message, parameter="alt")
    found = re.fullmatch(r"bytes=(\d+)-(\d*)", wanted or "")
    if found is None:
        return web.Response(body=file.content, content_type=file.metadata["mimeType"])
    first, last = int(found[1]), min(int(found[2] or file.size), file.size - 1)
    if first > last:
        raise Refusal(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
    headers = {"Content-Range": f"bytes {first}-{last}/{file.size}"}
    part = file.content[first : last + 1]
    return web.Response(status=206, body=part, content_type=file.metadata["mimeType"], headers=headers)
