"""Files that Notion keeps itself: uploaded first, then attached to a page within the hour."""

from services.clients.notion_wire import NotionWire
from services.errors import OperatorError, PermanentError

_MIB = 2**20
_FREE_LIMIT = 5 * _MIB
"""Bytes of a file in a free workspace, for connections that are not told their own limit."""
_SINGLE_PART = 20 * _MIB
"""Bytes that can be sent in one request (developers.notion.com/guides/data-apis/working-with-files-and-media)."""


class FileRefusedError(PermanentError):
    """Notion does not keep this file: it is too large for the workspace, or not of a kind that it takes."""


class NotionFiles:
    """Uploads of texts."""

    def __init__(self, wire: NotionWire) -> None:
        self._client, self._send = wire.client, wire.send_bulk
        self._limit: int | None = None

    async def upload_text(self, name: str, content: bytes) -> str:
        """Return the id of a new upload, which expires unless a page gets it within the hour.

        After a failure it is simply made anew. It may be attached more than once; Notion shows it as `text_name(name)`.

        Raises:
            FileRefusedError: it is too large, or Notion refuses it; a link to it has to do.
        """
        limit = await self._limit_bytes()
        if len(content) > limit:
            raise FileRefusedError(f"{name} is larger than the {limit / _MIB:g} MiB that this Notion workspace takes.")
        file = {"filename": text_name(name), "content_type": "text/plain"}
        try:
            upload = await self._send(self._client.file_uploads.create, mode="single_part", **file)
            await self._send(
                self._client.file_uploads.send, upload["id"], file=(text_name(name), content, "text/plain")
            )
        except (PermanentError, OperatorError) as error:  # also a plan or a connection that may not upload
            raise FileRefusedError(str(error)) from error
        return str(upload["id"])

    async def _limit_bytes(self) -> int:
        if self._limit is None:
            bot = (await self._send(self._client.users.me))["bot"]
            allowed = bot.get("workspace_limits", {}).get("max_file_upload_size_in_bytes", _FREE_LIMIT)
            self._limit = min(int(allowed), _SINGLE_PART)
        return self._limit


def text_name(name: str) -> str:
    """Return the name under which Notion takes a text: of our kinds it knows `.txt` alone, `.srt` it refuses."""
    return name if name.lower().endswith(".txt") else f"{name}.txt"
