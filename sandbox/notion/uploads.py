"""Files that a client sends to Notion: made, sent and attached within one hour, then kept for good.

After developers.notion.com/guides/data-apis/uploading-small-files and /sending-larger-files. They give no words for
most refusals: those here are a guess, only their status and code are Notion's."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from aiohttp import web

from sandbox.notion.errors import at_most, expect, invalid, not_found
from sandbox.notion.file_types import checked_type, named
from sandbox.notion.file_upload import AttachedFile, CellFile, FileUpload, told
from sandbox.notion.forms import FormFile
from sandbox.notion.members import MIB, Plan

MAX_SENT = 20 * MIB
MIN_PART = 5 * MIB
"""Bytes of one request, and of any part but the last."""
MAX_PARTS = 1000


class Uploads:
    """All uploads of a workspace; `api` tells the server's address.

    `lifetime` is how many seconds an upload waits for being attached, and how long a link to a file is good."""

    def __init__(self, plan: Plan, api: Callable[[], str]) -> None:
        self.lifetime = 3600.0
        self._plan = plan
        self._api = api
        self._key = secrets.token_bytes(32)
        self._uploads: dict[str, FileUpload] = {}

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        filename, content_type = named(body.get("filename"), body.get("content_type"))
        upload = FileUpload(
            filename=filename,
            content_type=content_type,
            part_count=self._part_count(body, filename),
            expires_at=time.time() + self.lifetime,
        )
        self._uploads[upload.id] = upload
        return upload.shown(self._api())

    def retrieve(self, identifier: str) -> dict[str, Any]:
        return self._find(identifier).shown(self._api())

    def send(self, identifier: str, form: dict[str, Any]) -> dict[str, Any]:
        upload, file = self._in_status("pending", identifier), form.get("file")
        if not isinstance(file, FormFile):
            raise invalid("body failed validation: body.file should be defined, instead was `undefined`.")
        if upload.part_count is None:
            self._send_whole(upload, file)
        else:
            self._send_part(upload, file, _part_number(form.get("part_number"), upload.part_count))
        return upload.shown(self._api())

    def complete(self, identifier: str) -> dict[str, Any]:
        upload = self._in_status("pending", identifier)
        if upload.part_count is None or len(upload.parts) < upload.part_count:
            raise invalid(f"The file upload {upload.id} cannot be completed: not all of its parts have been sent.")
        upload.is_complete = True
        return upload.shown(self._api())

    def found(self, file: dict[str, Any], where: str) -> CellFile:
        """Return what a cell keeps for a file of a request; refuse an upload that is unknown, unsent or expired."""
        if file["type"] != "file_upload":
            return file
        identifier = file["file_upload"].get("id")
        expect(str, identifier, "a string", f"{where}.file_upload.id")
        upload = self._in_status("uploaded", identifier)
        return AttachedFile(file["name"] or upload.filename or "Untitled", upload, self.link)

    def link(self, upload: FileUpload) -> dict[str, str]:
        """Return an address at which anyone may read a file, and until when."""
        expires_at = time.time() + self.lifetime
        query = f"expires={expires_at}&signature={self._signature(upload.id, str(expires_at))}"
        name = quote(upload.filename or "file", safe="")
        return {"url": f"{self._api()}/files/{upload.id}/{name}?{query}", "expiry_time": told(expires_at)}

    async def download(self, request: web.Request) -> web.Response:
        """Answer as the store does in which Notion keeps files: it asks for no token, but for a link that is good."""
        identifier, expires = request.match_info["id"], request.query.get("expires", "0")
        genuine = hmac.compare_digest(request.query.get("signature", ""), self._signature(identifier, expires))
        if not genuine or float(expires) <= time.time():
            return web.Response(status=403, text="<Error><Code>AccessDenied</Code></Error>", content_type="text/xml")
        upload = self._find(identifier)
        return web.Response(body=upload.content, headers={"Content-Type": upload.content_type or "text/plain"})

    def _send_whole(self, upload: FileUpload, file: FormFile) -> None:
        self._check_sizes(len(file.content), len(file.content))
        sent_as = checked_type(file.content_type)
        filename, content_type = named(upload.filename or file.filename, upload.content_type or sent_as)
        if content_type is None:
            raise invalid("body failed validation: body.file should have a content type, instead had none.")
        upload.filename, upload.content_type = filename, content_type
        upload.parts[1] = file.content
        upload.is_complete = True

    def _send_part(self, upload: FileUpload, file: FormFile, number: int) -> None:
        size = len(file.content)
        if size < MIN_PART and number != upload.part_count:
            raise invalid(f"Part {number} has {_mib(size)}, parts other than the last need {_mib(MIN_PART)}.")
        self._check_sizes(size, size + sum(len(part) for other, part in upload.parts.items() if other != number))
        upload.parts[number] = file.content

    def _check_sizes(self, sent: int, whole: int) -> None:
        for size, limit in ((sent, MAX_SENT), (whole, self._plan.max_file_bytes)):
            if size > limit:
                raise invalid(f"File size of {_mib(size)} exceeds the limit of {_mib(limit)}.")

    def _part_count(self, body: dict[str, Any], filename: str | None) -> int | None:
        mode = body.get("mode", "single_part")
        if mode == "single_part":
            return None
        if mode != "multi_part":
            raise invalid(f"body failed validation: body.mode `{mode}` is unknown to this sandbox.")
        if self._plan.is_free:
            raise invalid("Files in several parts are for paid workspaces.")
        expect(str, filename, "a string", "body.filename")
        count = body.get("number_of_parts")
        expect(int, count, "a number", "body.number_of_parts")
        at_most(MAX_PARTS, int(count or 0), "body.number_of_parts")
        return count

    def _find(self, identifier: str) -> FileUpload:
        if identifier not in self._uploads:
            raise not_found("file_upload", identifier)
        return self._uploads[identifier]

    def _in_status(self, wanted: str, identifier: str) -> FileUpload:
        upload = self._find(identifier)
        if upload.status != wanted:
            raise invalid(f"The file upload {upload.id} should be `{wanted}`, instead was `{upload.status}`.")
        return upload

    def _signature(self, identifier: str, expires: str) -> str:
        return hmac.new(self._key, f"{identifier} {expires}".encode(), hashlib.sha256).hexdigest()


def _part_number(number: Any, count: int) -> int:
    if not isinstance(number, str) or not number.isdecimal() or not 1 <= int(number) <= count:
        raise invalid(f"body failed validation: body.part_number should be 1 to {count}, instead was `{number}`.")
    return int(number)


def _mib(size: int) -> str:
    return f"{round(size / MIB, 3):g} MiB"
