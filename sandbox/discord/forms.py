"""What a message may be when it is sent: reading the form, and the limits that Discord answers with an error."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import BodyPartReader, web

from sandbox.discord.errors import EMPTY_MESSAGE, ENTITY_TOO_LARGE, DiscordError, invalid
from sandbox.discord.objects import Json
from sandbox.server import PAYLOAD

MAX_FILE = 10 * 2**20
"""Bytes of one file that an app may send (https://discord.com/developers/docs/reference#uploading-files)."""
MAX_EMBED_CHARACTERS = 6000
EMBED_LIMITS = {"title": 256, "description": 4096, "fields": 25}
CONTENT_FIELDS = ("content", "embeds", "components", "sticker_ids", "poll")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form; `slot` is the n of `files[n]`, without a `content_type` it is told from the name."""

    slot: str
    filename: str
    content: bytes
    content_type: str | None = None
    description: str | None = None


async def read_form(request: web.Request) -> tuple[Json, list[Upload]]:
    """Return the fields and files of a request, JSON or multipart with `payload_json`."""
    if not request.content_type.startswith("multipart/"):
        return json.loads(await request.read() or b"{}"), []
    fields: Json = {}
    uploads = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        if part.name == "payload_json":
            fields = json.loads(await part.text())
        elif slot := re.fullmatch(r"files\[(\d+)\]", part.name or ""):
            uploads.append(Upload(slot[1], part.filename or "unknown", bytes(await part.read())))
    request[PAYLOAD] = fields
    if any(len(upload.content) > MAX_FILE for upload in uploads):
        raise DiscordError(ENTITY_TOO_LARGE)
    return fields, uploads


def check_message(fields: Json) -> None:
    """Raise Discord's refusal of a text or embeds that are too long."""
    if len(fields.get("content") or "") > 2000:
        raise invalid("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.")
    embeds = fields.get("embeds") or []
    if len(embeds) > 10:
        raise invalid("embeds", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.")
    for number, embed in enumerate(embeds):
        for name, most in EMBED_LIMITS.items():
            if len(embed.get(name) or "") > most:
                raise invalid(f"embeds.{number}.{name}", "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
    if sum(map(_characters, embeds)) > MAX_EMBED_CHARACTERS:
        raise invalid("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def check_new_message(fields: Json, uploads: Iterable[Upload]) -> None:
    """Raise the same, or the refusal of a message with nothing in it."""
    check_message(fields)
    forwards = (fields.get("message_reference") or {}).get("type") == 1
    if not (forwards or any(fields.get(name) for name in CONTENT_FIELDS) or any(uploads)):
        raise DiscordError(EMPTY_MESSAGE)


def _characters(embed: Json) -> int:
    fields = embed.get("fields") or []
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    texts += [field[part] for field in fields for part in ("name", "value")]
    return sum(len(text or "") for text in texts)
