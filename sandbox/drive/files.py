"""Files and folders of one Drive, as one app with the scope `drive.file` sees them."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from sandbox.drive.errors import Refusal, invalid, limit, not_found

FOLDER = "application/vnd.google-apps.folder"
WRITABLE = {
    "name",
    "mimeType",
    "description",
    "starred",
    "trashed",
    "properties",
    "appProperties",
    "createdTime",
    "modifiedTime",
    "originalFilename",
}
"""What a request may set directly; what else it sends is ignored, as Drive does, but for `id` and `parents`."""

USER = {"kind": "drive#user", "displayName": "Ada", "me": True, "emailAddress": "ada@example.com", "permissionId": "1"}


def new_id() -> str:
    return "1" + secrets.token_urlsafe(24)


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True, kw_only=True)
class File:
    id: str = field(default_factory=new_id)
    metadata: dict[str, Any]
    """The fields in WRITABLE."""
    parents: list[str]
    content: bytes | None = None
    """None for a folder."""
    md5: str | None = None
    drive_id: str | None = None
    """The shared drive that it is in."""
    by_app: bool = True
    """False for what a person made: out of sight for the app."""
    permissions: list[dict[str, Any]] = field(default_factory=list)
    """What was granted to others than the owner."""

    @property
    def is_folder(self) -> bool:
        return bool(self.metadata["mimeType"] == FOLDER)

    @property
    def size(self) -> int:
        return len(self.content or b"")

    def hold(self, content: bytes) -> None:
        self.content = content
        self.md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self.metadata["modifiedTime"] = now()

    @property
    def shown(self) -> dict[str, Any]:
        """The file resource, whole."""
        path = f"drive/folders/{self.id}" if self.is_folder else f"file/d/{self.id}/view?usp=drivesdk"
        shown: dict[str, Any] = {
            "kind": "drive#file",
            "starred": False,
            "trashed": False,
            **self.metadata,
            "id": self.id,
            "parents": self.parents,
            "spaces": ["drive"],
            "version": "1",
            "webViewLink": f"https://drive.google.com/{path}",
            "isAppAuthorized": self.by_app,
            "capabilities": {"canEdit": True, "canAddChildren": self.is_folder, "canDelete": True, "canDownload": True},
            "shared": bool(self.permissions),
            "permissions": self.permissions,
        }
        if self.drive_id is None:
            shown |= {"owners": [USER], "ownedByMe": True}
        else:
            shown |= {"driveId": self.drive_id}
        if self.content is not None:
            shown |= {"size": str(self.size), "quotaBytesUsed": str(self.size), "md5Checksum": self.md5}
        return shown


class Shelf:
    """All files, by id."""

    def __init__(self) -> None:
        self.root = File(metadata=stamped({"name": "My Drive", "mimeType": FOLDER}), parents=[])
        self.files = {self.root.id: self.root}
        self.drives: dict[str, str] = {}
        """Names of shared drives, by id."""
        self.quota_bytes = 15 * 2**30
        self.promised: set[str] = set()
        """Ids that were generated for files to come."""

    def find(self, file_id: str, *, shared_drives: bool = False) -> File:
        """Return what the app may see; all else is not found."""
        file = self.files.get(self.root.id if file_id == "root" else file_id)
        if file is None or not file.by_app or (file.drive_id is not None and not shared_drives):
            raise not_found(file_id)
        return file

    def visible(self, *, shared_drives: bool) -> list[File]:
        return [
            file
            for file in self.files.values()
            if file.by_app and file is not self.root and (file.drive_id is None or shared_drives)
            if file.id not in self.drives
        ]

    def children(self, folder_id: str) -> Iterator[File]:
        return (file for file in tuple(self.files.values()) if folder_id in file.parents)

    def checked(self, body: dict[str, Any], *, shared_drives: bool = False) -> File:
        """Return a new file for a request's metadata, not stored yet; raise a refusal for what Drive would not take."""
        parents = [self.find(parent, shared_drives=shared_drives) for parent in body.get("parents", ["root"])]
        if len(parents) != 1:
            raise invalid("parents", "A file must have exactly one parent.")
        metadata = {"name": "Untitled", "mimeType": "application/octet-stream"} | _writable(body)
        file = File(metadata=stamped(metadata), parents=[parents[0].id], drive_id=parents[0].drive_id)
        file.id = self._usable_id(body["id"]) if "id" in body else file.id
        return file

    def _usable_id(self, file_id: str) -> str:
        if file_id in self.files:
            raise Refusal(409, "fileIdInUse", "A file already exists with the provided ID.")
        if file_id not in self.promised:
            raise invalid("file.id", "The provided file ID is not usable.")
        return file_id

    def add(self, file: File) -> None:
        """Put a file into its folder, which may have been deleted meanwhile, or trashed: then the file is too."""
        if missing := [parent for parent in file.parents if parent not in self.files]:
            raise not_found(missing[0])
        if any(self.files[parent].metadata.get("trashed") for parent in file.parents):
            file.metadata["trashed"] = True
        self.files[file.id] = file

    def update(self, file: File, body: dict[str, Any]) -> None:
        if "parents" in body:
            message = (
                "The parents field is not directly writable in update requests. "
                "Use the addParents and removeParents parameters instead."
            )
            raise Refusal(403, "fieldNotWritable", message)
        changes = _writable(body)
        for name in ("properties", "appProperties"):
            if name in changes:
                merged = file.metadata.get(name, {}) | changes[name]
                changes[name] = {key: value for key, value in merged.items() if value is not None}
        file.metadata |= {"modifiedTime": now()} | changes
        if "trashed" in changes:
            self._trash(file, trashed=changes["trashed"])

    def _trash(self, file: File, *, trashed: bool) -> None:
        """What is in a folder shares its fate."""
        file.metadata["trashed"] = trashed
        for child in self.children(file.id):
            self._trash(child, trashed=trashed)

    def move(self, file: File, add: str, remove: str) -> None:
        """Change parents; `add` and `remove` are comma-separated ids."""
        kept = [parent for parent in file.parents if parent not in remove.split(",")]
        added = [self.find(parent, shared_drives=True).id for parent in add.split(",") if parent]
        if len(kept + added) != 1:
            raise Refusal(403, "cannotAddParent", "A file cannot have more than one parent.", parameter="addParents")
        file.parents = kept + added

    def hold(self, file: File, content: bytes) -> None:
        """Give a file its content, if that much still fits."""
        self.require_room(file, len(content))
        file.hold(content)

    def require_room(self, file: File, size: int) -> None:
        """Refuse a content of `size` bytes that goes beyond the quota; shared drives have none."""
        if file.drive_id is None and size > file.size and self.used - file.size + size > self.quota_bytes:
            raise limit("storageQuotaExceeded")

    @property
    def used(self) -> int:
        """Bytes that count against the quota: all but those in shared drives."""
        return sum(file.size for file in self.files.values() if file.drive_id is None)

    def delete(self, file: File) -> None:
        """Delete for good, a folder with all that is in it."""
        for child in self.children(file.id):
            self.delete(child)
        del self.files[file.id]


def stamped(metadata: dict[str, Any]) -> dict[str, Any]:
    moment = now()
    return {"createdTime": moment, "modifiedTime": moment} | metadata


def _writable(body: dict[str, Any]) -> dict[str, Any]:
    for name in ("properties", "appProperties"):
        for key, value in body.get(name, {}).items():
            if len(f"{key}{value or ''}".encode()) > 124:
                raise invalid(name, "The key and value of a property may have at most 124 bytes together.")
    return {key: value for key, value in body.items() if key in WRITABLE}
