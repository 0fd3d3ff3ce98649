"""Files that Notion keeps itself: uploaded first, then attached to a page within the hour."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.clients.notion_wire import NotionWire
from services.errors import OperatorError, PermanentError

_MIB = 2**20
_FREE_LIMIT = 5 * _MIB
"""Bytes of a file in a free workspace, for connections that are not told their own limit."""
_CONTENT_TYPE = "text/plain"
_SINGLE_PART = 20 * _MIB
"""Bytes that can be sent in one request (developers.notion.com/guides/data-apis/working-with-files-and-media)."""


class FileRefusedError(PermanentError):
    """Notion does not keep this file: it is too large for the workspace, or not of a kind that it takes."""


class NotionFiles:
    """Uploads of texts."""

    def __init__(self, wire: NotionWire) -> None:
        self._client, self._send = wire.client, wire.send_bulk
        self._limit: int | None = None

    async def announce_text(self, name: str) -> str:
        """Return the id of a new upload whose bytes are to come, which expires unless a page gets it within the hour.

        Raises:
            FileRefusedError: Notion refuses it.
        """
        with _refusals():
            upload = await self._send(
                self._client.file_uploads.create,
                mode="single_part",
                filename=text_name(name),
                content_type=_CONTENT_TYPE,
            )
        return str(upload["id"])

    async def upload_text(self, name: str, content: bytes, announced: str | None = None) -> str:
        """Return the id of an upload: of one that was announced under this name, or of a new one.

        After a failure it is simply made anew. It may be attached more than once; Notion shows it as `text_name(name)`.

        Raises:
            FileRefusedError: it is too large, or Notion refuses it; a link to it has to do.
        """
        limit = await self._limit_bytes()
        if len(content) > limit:
            raise FileRefusedError(f"{name} is larger than the {limit / _MIB:g} MiB that this Notion workspace takes.")
        upload_id = announced or await self.announce_text(name)
        with _refusals():
            await self._send(self._client.file_uploads.send, upload_id, file=(text_name(name), content, _CONTENT_TYPE))
        return upload_id

    async def _limit_bytes(self) -> int:
        if self._limit is None:
            bot = (await self._send(self._client.users.me))["bot"]
            allowed = bot.get("workspace_limits", {}).get("max_file_upload_size_in_bytes", _FREE_LIMIT)
            self._limit = min(int(allowed), _SINGLE_PART)
        return self._limit


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (PermanentError, OperatorError) as error:  # also a plan or a connection that may not upload
        raise FileRefusedError(str(error)) from error


def text_name(name: str) -> str:
    """Return the name under which Notion takes a text: of our kinds it knows `.txt` alone, `.srt` it refuses."""
    return name if name.lower().endswith(".txt") else f"{name}.txt"
