"""What each method of the API does, uploads apart."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from multidict import MultiMapping

from sandbox.drive import query
from sandbox.drive.errors import Refusal, invalid, not_found
from sandbox.drive.files import USER, File, Shelf, new_id


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `id` is the path's, "" where it has none."""

    id: str
    query: MultiMapping[str]
    body: dict[str, Any]

    @property
    def shared_drives(self) -> bool:
        return self.query.get("supportsAllDrives") == "true"

    def number(self, name: str, default: int) -> int:
        """Return a parameter between 1 and 1000."""
        value = self.query.get(name, str(default))
        if not value.isdigit() or not 1 <= int(value) <= 1000:
            raise invalid(name, f"Invalid value '{value}'. Values must be within the range: [1, 1000]")
        return int(value)


Answer = dict[str, Any] | None
Endpoint = Callable[[Shelf, Call], Answer]

ORDERS: dict[str, Callable[[File], Any]] = {
    "name": lambda file: file.metadata["name"].lower(),
    "name_natural": lambda file: [
        (int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", file.metadata["name"].lower())
    ],
    "createdTime": lambda file: file.metadata["createdTime"],
    "modifiedTime": lambda file: file.metadata["modifiedTime"],
    "recency": lambda file: file.metadata["modifiedTime"],
    "quotaBytesUsed": lambda file: file.size,
    "folder": lambda file: not file.is_folder,
    "starred": lambda file: not file.metadata.get("starred", False),
}


def about(shelf: Shelf, call: Call) -> Answer:
    if "fields" not in call.query:
        raise invalid("fields", "The 'fields' parameter is required for this method.", "required")
    quota = {"limit": str(shelf.quota_bytes), "usage": str(shelf.used), "usageInDrive": str(shelf.used)}
    return {"kind": "drive#about", "user": USER, "storageQuota": quota | {"usageInDriveTrash": "0"}}


def list_files(shelf: Shelf, call: Call) -> Answer:
    test = query.compiled(call.query["q"], shelf.root.id) if call.query.get("q") else lambda _: True
    everywhere = call.shared_drives and call.query.get("includeItemsFromAllDrives") == "true"
    found = [file for file in shelf.visible(shared_drives=everywhere) if test(file)]
    for order in reversed(call.query.get("orderBy", "").split(",")):
        key, _, direction = order.strip().partition(" ")
        if key and (key not in ORDERS or direction not in ("", "desc")):
            raise invalid("orderBy")
        found.sort(key=ORDERS.get(key, lambda _: 0), reverse=direction == "desc")
    start = _offset(call.query.get("pageToken"))
    end = start + call.number("pageSize", 100)
    answer = {"kind": "drive#fileList", "incompleteSearch": False, "files": [file.shown for file in found[start:end]]}
    return answer | ({"nextPageToken": f"~{end}"} if end < len(found) else {})


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    if not re.fullmatch(r"~\d+", token):
        raise invalid("pageToken")
    return int(token[1:])


def generate_ids(shelf: Shelf, call: Call) -> Answer:
    ids = [new_id() for _ in range(call.number("count", 10))]
    shelf.promised.update(ids)
    return {"kind": "drive#generatedIds", "space": "drive", "ids": ids}


def get_file(shelf: Shelf, call: Call) -> Answer:
    return shelf.find(call.id, shared_drives=call.shared_drives).shown


def create_file(shelf: Shelf, call: Call) -> Answer:
    file = shelf.checked(call.body, shared_drives=call.shared_drives)
    if not file.is_folder:
        file.hold(b"")
    shelf.add(file)
    return file.shown


def update_file(shelf: Shelf, call: Call) -> Answer:
    file = shelf.find(call.id, shared_drives=call.shared_drives)
    shelf.update(file, call.body)
    if "addParents" in call.query or "removeParents" in call.query:
        shelf.move(file, call.query.get("addParents", ""), call.query.get("removeParents", ""))
    return file.shown


def delete_file(shelf: Shelf, call: Call) -> Answer:
    file = shelf.find(call.id, shared_drives=call.shared_drives)
    if file is shelf.root:
        raise Refusal(
            403, "insufficientFilePermissions", "The user does not have sufficient permissions for this file."
        )
    shelf.delete(file)
    return None


def create_permission(shelf: Shelf, call: Call) -> Answer:
    file = shelf.find(call.id, shared_drives=call.shared_drives)
    permission = {"kind": "drive#permission", "id": new_id(), **call.body}
    file.permissions.append(permission)
    return permission


def list_permissions(shelf: Shelf, call: Call) -> Answer:
    file = shelf.find(call.id, shared_drives=call.shared_drives)
    owner = {"kind": "drive#permission", "id": USER["permissionId"], "type": "user", "role": "owner"}
    return {"kind": "drive#permissionList", "permissions": [owner, *file.permissions]}


def list_drives(shelf: Shelf, _: Call) -> Answer:
    return {"kind": "drive#driveList", "drives": [_drive(shelf, drive) for drive in shelf.drives]}


def get_drive(shelf: Shelf, call: Call) -> Answer:
    if call.id not in shelf.drives:
        raise not_found(call.id)
    return _drive(shelf, call.id)


def _drive(shelf: Shelf, drive: str) -> dict[str, Any]:
    return {"kind": "drive#drive", "id": drive, "name": shelf.drives[drive]}


ENDPOINTS: tuple[tuple[str, str, Endpoint], ...] = (
    ("GET", "/drive/v3/about", about),
    ("GET", "/drive/v3/files", list_files),
    ("POST", "/drive/v3/files", create_file),
    ("GET", "/drive/v3/files/generateIds", generate_ids),
    ("GET", "/drive/v3/files/{id}", get_file),
    ("PATCH", "/drive/v3/files/{id}", update_file),
    ("DELETE", "/drive/v3/files/{id}", delete_file),
    ("POST", "/drive/v3/files/{id}/permissions", create_permission),
    ("GET", "/drive/v3/files/{id}/permissions", list_permissions),
    ("GET", "/drive/v3/drives", list_drives),
    ("GET", "/drive/v3/drives/{id}", get_drive),
)
DEFAULT_FIELDS = {
    "drive#file": "kind,id,name,mimeType",
    "drive#fileList": "kind,incompleteSearch,nextPageToken,files(kind,id,name,mimeType)",
}
"""What an answer shows where `fields` does not say."""
