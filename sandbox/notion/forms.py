"""What a request brings: JSON, or the fields and files of a form."""

from dataclasses import dataclass
from typing import Any

from aiohttp import BodyPartReader, web

from sandbox.notion.errors import at_most


@dataclass(frozen=True, slots=True)
class FormFile:
    filename: str | None
    content_type: str | None
    content: bytes


async def read_body(request: web.Request) -> dict[str, Any]:
    """Return a JSON object of at most 500 KB; of a form, its texts and its `FormFile`s by their names."""
    if request.content_type == "multipart/form-data":
        parts = await request.multipart()
        return {part.name or "": await _field(part) async for part in parts if isinstance(part, BodyPartReader)}
    raw = await request.read()
    at_most(500 * 1024, len(raw), "body size in bytes")
    body: dict[str, Any] = await request.json() if raw else {}
    return body


async def _field(part: BodyPartReader) -> str | FormFile:
    if part.filename is None:
        return await part.text()
    return FormFile(part.filename, part.headers.get("Content-Type"), bytes(await part.read()))
