"""The attachments' store: signed urls that expire, answered whole or in ranges."""

import hashlib
import hmac
import mimetypes
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import quote

from aiohttp import web

from sandbox.discord.forms import Upload
from sandbox.discord.objects import Json


@dataclass(frozen=True, slots=True)
class StoredAttachment:
    path: str
    content: bytes
    content_type: str


class Cdn:
    """Keeps uploads in memory. `base` tells the server's address, `lifetime` how many seconds a url is good for."""

    def __init__(self, base: Callable[[], str]) -> None:
        self.lifetime = 24 * 3600.0
        self._base = base
        self._key = secrets.token_bytes(32)
        self._stored: dict[str, StoredAttachment] = {}

    def keep(self, upload: Upload, channel_id: str, attachment_id: str) -> Json:
        """Store a file and return its attachment object, without urls."""
        filename = _safe(upload.filename)
        content_type = upload.content_type or mimetypes.guess_type(filename)[0]
        path = f"/attachments/{channel_id}/{attachment_id}/{filename}"
        self._stored[attachment_id] = StoredAttachment(path, upload.content, content_type or "application/octet-stream")
        return {
            "id": attachment_id,
            "filename": filename,
            "size": len(upload.content),
            **({"content_type": content_type} if content_type else {}),
            **({"title": PurePath(upload.filename).stem} if filename != upload.filename else {}),
            **({"description": upload.description} if upload.description else {}),
        }

    def signed(self, attachment: Json) -> Json:
        """Return an attachment object with urls that are good from now on."""
        path = self._stored[attachment["id"]].path
        issued = time.time()
        expires, since = f"{int(issued + self.lifetime):x}", f"{int(issued):x}"
        query = f"?ex={expires}&is={since}&hm={self._signature(path, expires, since)}&"
        url = f"{self._base()}{quote(path)}{query}"
        return {**attachment, "url": url, "proxy_url": url}

    async def serve(self, request: web.Request) -> web.Response:
        """Answer a download; 404 where the signature is wrong or the url has expired."""
        stored = self._stored.get(request.match_info["attachment"])
        if stored is None or stored.path != request.path or not self._is_good(request):
            return web.Response(status=404, text="This content is no longer available.")
        return _ranged(request, stored)

    def _is_good(self, request: web.Request) -> bool:
        expires, since, given = (request.query.get(name, "") for name in ("ex", "is", "hm"))
        genuine = hmac.compare_digest(given.encode(), self._signature(request.path, expires, since).encode())
        return genuine and time.time() < int(expires, 16)

    def _signature(self, path: str, expires: str, since: str) -> str:
        return hmac.new(self._key, f"{path}|{expires}|{since}".encode(), hashlib.sha256).hexdigest()


def _ranged(request: web.Request, stored: StoredAttachment) -> web.Response:
    filename = PurePath(stored.path).name
    size = len(stored.content)
    headers = {"Accept-Ranges": "bytes", "Content-Disposition": f'attachment; filename="{filename}"'}
    try:
        start, stop, _ = request.http_range.indices(size)
    except ValueError:
        start, stop = size, size
    if "Range" not in request.headers:
        return web.Response(body=stored.content, content_type=stored.content_type, headers=headers)
    if start >= stop:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    part = stored.content[start:stop]
    return web.Response(status=206, body=part, content_type=stored.content_type, headers=headers)


def _safe(filename: str) -> str:
    """Return a name as Discord makes it: spaces become underscores, anything but letters, digits and `_.-` goes."""
    return re.sub(r"[^A-Za-z0-9_.-]", "", filename.replace(" ", "_")).strip(".") or "unknown"
