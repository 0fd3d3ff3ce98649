"""Google Drive on loopback: files, uploads and consent of one account, and a look into it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aiohttp import web

from sandbox.drive.endpoints import DEFAULT_FIELDS, ENDPOINTS, Answer, Call, Endpoint
from sandbox.drive.errors import Refusal, invalid, limit, unauthorized
from sandbox.drive.fields import Mask, masked, parsed
from sandbox.drive.files import FOLDER, File, Shelf, stamped
from sandbox.drive.oauth import Consent
from sandbox.drive.oracle import Oracle
from sandbox.drive.service_account import JWT_GRANT, ServiceAccount
from sandbox.drive.transfer import Transfer, download
from sandbox.drive.uploads import Session
from sandbox.server import Exchange, World


class DriveWorld(World):
    """One person's Drive, seen by one app with the scope `drive.file`. A client's root url is `url`.

    `consent` is the person's (tokens, revocation); `shelf.quota_bytes` is the account's room, 0 for a service account
    that works for nobody.
    """

    name = "drive"

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.consent = Consent()
        self.service_account = ServiceAccount(self.consent.access_tokens)
        self.transfer = Transfer(self.shelf)
        self.refusing: str | None = None
        """`userRateLimitExceeded` (403) or `rateLimitExceeded` (429): the answer to everything while it is set."""
        self._oracle = Oracle.of_drive()

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/token", self._token)
        for method, path, endpoint in ENDPOINTS:
            yield web.route(method, path, functools.partial(self._serve, endpoint))
        yield web.post("/upload/drive/v3/files", self._upload)
        yield web.patch("/upload/drive/v3/files/{id}", self._upload)
        yield web.put("/upload/drive/v3/files", self._chunk)
        yield web.put("/upload/drive/v3/files/{id}", self._chunk)
        yield web.route("*", "/{path:.*}", self._unknown)

    def check(self, exchange: Exchange) -> Iterable[str] | None:
        return self._oracle.violations(exchange)

    # What a person does.

    def write_token_file(self, path: Path) -> None:
        """Write what `google.oauth2.credentials.Credentials.from_authorized_user_file` reads."""
        self.consent.write(path, f"{self.url}/token")

    def write_service_account_file(self, path: Path) -> None:
        """Write what `google.oauth2.service_account.Credentials.from_service_account_file` reads."""
        self.service_account.write(path, f"{self.url}/token")

    def made_by_hand(self, name: str, mime_type: str = FOLDER) -> str:
        """Return the id of a folder or file that a person made: the app has no right to see it."""
        metadata = stamped({"name": name, "mimeType": mime_type})
        return self._add(File(metadata=metadata, parents=[self.shelf.root.id], by_app=False))

    def add_shared_drive(self, name: str) -> str:
        """Return the id of a shared drive of which the account is a member."""
        drive = File(metadata=stamped({"name": name, "mimeType": FOLDER}), parents=[])
        drive.drive_id = drive.id
        self.shelf.drives[drive.id] = name
        return self._add(drive)

    def revoke(self) -> None:
        """Take the consent back: no token is good any more, and none can be had."""
        self.consent.access_tokens.clear()
        self.consent.is_revoked = True

    def consent_again(self) -> None:
        """Give a new consent, which another token file has (`write_token_file`)."""
        self.consent.renew()

    def trash(self, file_id: str) -> None:
        """Move something into the trash, a folder with all that is in it."""
        self.shelf.update(self.shelf.files[file_id], {"trashed": True})

    def delete(self, file_id: str) -> None:
        """Delete something for good, a folder with all that is in it."""
        self.shelf.delete(self.shelf.files[file_id])

    def cut_upload(self, at: int) -> None:
        """Break the connection once, after so many bytes of an upload in chunks."""
        self.transfer.cuts.append(at)

    def lose_sessions(self, status: int = 404) -> None:
        """Make open upload sessions answer 404 or 410 from now on."""
        self.transfer.lose_sessions(status)

    @property
    def bytes_per_second(self) -> float | None:
        """Throttles what is uploaded; None does not."""
        return self.transfer.bytes_per_second

    @bytes_per_second.setter
    def bytes_per_second(self, rate: float | None) -> None:
        self.transfer.bytes_per_second = rate

    # What a person sees.

    def tree(self, folder_id: str = "root") -> list[dict[str, Any]]:
        """Return what is in a folder: `{id, name, mimeType, appProperties}`, and `children` or `bytes` and `md5`."""
        folder_id = self.shelf.root.id if folder_id == "root" else folder_id
        return [self._described(file) for file in self.shelf.children(folder_id) if not file.metadata.get("trashed")]

    def files(self) -> list[dict[str, Any]]:
        """Return all files that are no folders and not in the trash, each as in `tree`."""
        files = [file for file in self.shelf.files.values() if not file.is_folder and not file.metadata.get("trashed")]
        return [self._described(file) for file in files]

    def content(self, file_id: str) -> bytes:
        return self.shelf.files[file_id].content or b""

    def permissions(self) -> list[dict[str, Any]]:
        """Return everything that was ever shared with anyone."""
        return [permission for file in self.shelf.files.values() for permission in file.permissions]

    def _described(self, file: File) -> dict[str, Any]:
        described = {
            "id": file.id,
            "name": file.metadata["name"],
            "mimeType": file.metadata["mimeType"],
            "appProperties": file.metadata.get("appProperties", {}),
        }
        if file.is_folder:
            return described | {"children": self.tree(file.id)}
        return described | {"bytes": file.size, "md5": file.md5}

    def _add(self, file: File) -> str:
        self.shelf.add(file)
        self.changed()
        return file.id

    async def _token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        answer = self.service_account.granted if form.get("grant_type") == JWT_GRANT else self.consent.refreshed
        return answer(form)

    async def _serve(self, endpoint: Endpoint, request: web.Request) -> web.Response:
        mask = self._admitted(request)
        body = await request.json() if await request.read() else {}
        call = Call(request.match_info.get("id", ""), request.query, body)
        if request.method == "GET" and request.query.get("alt") == "media":
            return download(self.shelf.find(call.id, shared_drives=call.shared_drives), request.headers.get("Range"))
        return _shown(endpoint(self.shelf, call), mask)

    async def _upload(self, request: web.Request) -> web.Response:
        session = await self.transfer.upload(request, self._admitted(request))
        if session.is_complete:
            return _shown(session.file.shown, session.mask)
        location = f"{self.url}{request.path}?uploadType=resumable&upload_id={session.id}"
        return web.Response(headers={"Location": location, "X-GUploader-UploadID": session.id})

    async def _chunk(self, request: web.Request) -> web.Response:
        self._refuse_if_told_to()
        session: Session | None = await self.transfer.chunk(request)
        if session is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        if session.is_complete:
            return _shown(session.file.shown, session.mask)
        return web.Response(status=308, headers=session.range)

    async def _unknown(self, request: web.Request) -> web.Response:
        raise Refusal(404, "notFound", "Not Found")

    def _admitted(self, request: web.Request) -> Mask | None:
        """Return which fields the answer shall show; raise the refusal that a request deserves at the door."""
        if not self.consent.allows(request):
            raise unauthorized()
        self._refuse_if_told_to()
        fields = request.query.get("fields")
        operation = self._oracle.operation(request.method, request.path)
        if fields is None or operation is None:
            return None
        mask = parsed(fields)
        if (unknown := next(iter(self._oracle.unknown_fields(operation, mask)), None)) is not None:
            raise invalid("fields", f"Invalid field selection {unknown}", "invalidParameter")
        return mask

    def _refuse_if_told_to(self) -> None:
        if self.refusing is not None:
            raise limit(self.refusing)


def _shown(answer: Answer, mask: Mask | None) -> web.Response:
    if answer is None:
        return web.Response(status=204)
    default = DEFAULT_FIELDS.get(answer["kind"])
    if mask is None:
        mask = parsed(default) if default else {}
    return web.json_response(masked(answer, mask))
