"""One file on its way into Notion, and the file that it becomes in a cell."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any
from uuid import uuid4

from sandbox.notion.members import BOT


@dataclass(slots=True, kw_only=True)
class FileUpload:
    filename: str | None
    content_type: str | None
    part_count: int | None
    """None for a single part."""
    expires_at: float | None
    """In seconds since 1970; None once it is attached."""
    id: str = field(default_factory=lambda: str(uuid4()))
    created_at: float = field(default_factory=time.time)
    parts: dict[int, bytes] = field(default_factory=dict)
    is_complete: bool = False

    @property
    def content(self) -> bytes:
        return b"".join(self.parts[number] for number in sorted(self.parts))

    @property
    def status(self) -> str:
        if self.expires_at is not None and self.expires_at <= time.time():
            return "expired"
        return "uploaded" if self.is_complete else "pending"

    def shown(self, api: str) -> dict[str, Any]:
        """Return the object as an answer has it; `api` is the server's address."""
        url, is_pending = f"{api}/v1/file_uploads/{self.id}", self.status == "pending"
        return {
            "object": "file_upload",
            "id": self.id,
            "created_time": told(self.created_at),
            "created_by": {"id": BOT, "type": "bot"},
            "last_edited_time": told(self.created_at),
            "expiry_time": None if self.expires_at is None else told(self.expires_at),
            "archived": False,
            "in_trash": False,
            "status": self.status,
            "filename": self.filename,
            "content_type": self.content_type,
            "content_length": len(self.content) if self.parts else None,
            **({"upload_url": f"{url}/send"} if is_pending else {}),
            **({"complete_url": f"{url}/complete"} if is_pending and self.part_count else {}),
            **({"number_of_parts": {"total": self.part_count, "sent": len(self.parts)}} if self.part_count else {}),
        }


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An upload in a cell; `link` makes its address, a new one whenever it is shown."""

    name: str
    upload: FileUpload
    link: Callable[[FileUpload], dict[str, str]]

    @property
    def shown(self) -> dict[str, Any]:
        return {"type": "file", "name": self.name, "file": self.link(self.upload)}


CellFile = dict[str, Any] | AttachedFile
"""What a cell keeps: a file that lies elsewhere as Notion shows it, or an upload."""


def attach(files: Iterable[CellFile]) -> None:
    """Keep uploads for good: they do not expire any more, and may be attached again."""
    for file in files:
        if isinstance(file, AttachedFile):
            file.upload.expires_at = None


def shown(file: CellFile) -> dict[str, Any]:
    return file.shown if isinstance(file, AttachedFile) else file


def url_of(file: CellFile) -> str:
    told_file = shown(file)
    return str(told_file[told_file["type"]]["url"])


def told(moment: float) -> str:
    """Return a moment in seconds since 1970 as Notion tells it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
