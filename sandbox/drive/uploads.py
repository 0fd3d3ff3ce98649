"""Uploads: two parts in one request, or a session of chunks.

The rules are those of developers.google.com/workspace/drive/api/guides/manage-uploads.
"""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import MIMEPart
from typing import Any

from sandbox.drive.errors import invalid
from sandbox.drive.fields import Mask
from sandbox.drive.files import File

CHUNK = 256 * 2**10
"""Every chunk but the last has a multiple of this many bytes."""
CONTENT_RANGE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<total>\d+|\*)")


@dataclass(slots=True)
class Session:
    """A resumable upload. Its `id` is a secret: who has it may upload."""

    file: File
    """What is made or changed when all bytes are there."""
    changes: dict[str, Any]
    """Metadata to be written then."""
    mask: Mask | None
    """What the last answer shows."""
    id: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    received: bytearray = field(default_factory=bytearray)
    is_complete: bool = False

    def break_off(self, content_range: str | None, chunk: bytes, cut: int) -> bool:
        """Keep what a connection brought that broke after byte `cut` of the file; False: it is not in this chunk."""
        found = CONTENT_RANGE.fullmatch(content_range or "")
        if found is None or found["first"] is None or not int(found["first"]) <= cut < int(found["last"]):
            return False
        first = int(found["first"])
        self.received[first:] = chunk[: (cut - first) // CHUNK * CHUNK]
        return True

    def receive(self, content_range: str | None, chunk: bytes) -> None:
        """Take one PUT; raise a refusal for one that breaks the rules.

        Bytes that came before may come again. Without a range the chunk is the whole file; `bytes */N` carries none.
        """
        if self.is_complete:
            return
        if content_range is None:
            self.received[:] = chunk
            self.is_complete = True
            return
        if (problem := range_problem(content_range, len(chunk))) is not None:
            raise invalid("Content-Range", problem)
        found = CONTENT_RANGE.fullmatch(content_range)
        assert found is not None  # noqa: S101  # just checked
        first = int(found["first"] or len(self.received))
        if first > len(self.received):
            raise invalid("Content-Range", f"Bytes {len(self.received)}-{first - 1} are missing.")
        self.received[first:] = chunk if found["first"] else b""
        self.is_complete = found["total"] == str(len(self.received))

    @property
    def range(self) -> dict[str, str]:
        """The header that tells what has come; none where nothing has."""
        return {"Range": f"bytes=0-{len(self.received) - 1}"} if self.received else {}


def range_problem(content_range: str, length: int) -> str | None:
    """Return what is wrong with a Content-Range over a body of `length` bytes."""
    found = CONTENT_RANGE.fullmatch(content_range)
    if found is None:
        return f"{content_range} is no Content-Range."
    if found["first"] is None:
        return "A status request carries no bytes." if length else None
    first, last = int(found["first"]), int(found["last"])
    if last < first or last - first + 1 != length:
        return f"{content_range} does not fit {length} bytes."
    if found["total"] != "*" and last >= int(found["total"]):
        return f"{content_range} ends behind its total."
    if found["total"] != str(last + 1) and length % CHUNK:
        return f"A chunk of {length} bytes is no multiple of {CHUNK}."
    return None


def two_parts(content_type: str, body: bytes) -> tuple[dict[str, Any], str, bytes]:
    """Return metadata, content type and content of a multipart/related body."""
    message = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body, policy=policy.HTTP)
    parts = list(message.iter_parts())
    if len(parts) != 2:
        raise invalid("body", "A multipart upload has two parts.", "badContent")
    metadata, media = parts
    return json.loads(_payload(metadata)), media.get_content_type(), _payload(media)


def _payload(part: MIMEPart) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""
