"""What stands below a page's properties: toggles. A broken-off append neither doubles nor loses a paragraph."""

import json
from collections.abc import Iterator, Sequence
from functools import partial

from notion_client.helpers import async_collect_paginated_api

from services.clients.notion_properties import Json, rich_text
from services.clients.notion_wire import BlocksUsedUpError, NotFoundError, NotionWire
from services.errors import PermanentError

_CHILDREN = 100
_PAYLOAD_BYTES = 400_000
"""Of one request; Notion takes a hundred children and 500 KB."""


class RefusedBlocksError(PermanentError):
    """Notion does not take blocks: a free workspace of several members has a number of them for life."""


class NotionBlocks:
    """A toggle has its owner's key in its line, by which it is found again; its paragraphs are counted."""

    def __init__(self, wire: NotionWire) -> None:
        self._client, self._send = wire.client, wire.send

    async def put_toggle(self, page_id: str, title: str, key: str, paragraphs: Sequence[list[Json]]) -> None:
        """Let a page have this toggle, whole. Called again after a failure, it goes on where that broke off.

        Raises:
            RefusedBlocksError: Notion does not take the blocks.
        """
        rest = [{"type": "paragraph", "paragraph": {"rich_text": texts}} for texts in paragraphs]
        toggle_id = (await self._toggles(page_id)).get(f"{title} {key}")
        if toggle_id:
            rest = rest[len(await self._children(toggle_id)) :]
        for batch in _batches(rest):
            if toggle_id:
                await self._append(toggle_id, batch)
            else:
                [toggle] = await self._append(page_id, [_toggle(title, key, batch)])
                toggle_id = str(toggle["id"])

    async def remove_toggles(self, page_id: str, title: str, owner: str, *, but: str) -> None:
        """Remove the toggles of a title whose keys begin with `owner`, but for that with the key `but`."""
        for line, block_id in (await self._toggles(page_id)).items():
            if line.startswith(f"{title} {owner}") and line != f"{title} {but}":
                await self._send(self._client.blocks.delete, block_id)

    async def _toggles(self, page_id: str) -> dict[str, str]:
        """Return the ids of a page's toggles by their lines."""
        toggles = (block for block in await self._children(page_id) if block["type"] == "toggle")
        return {"".join(text["plain_text"] for text in block["toggle"]["rich_text"]): block["id"] for block in toggles}

    async def _children(self, block_id: str) -> list[Json]:
        blocks: list[Json] = await async_collect_paginated_api(
            partial(self._send, self._client.blocks.children.list, block_id)
        )
        return blocks

    async def _append(self, block_id: str, children: list[Json]) -> list[Json]:
        try:
            answer = await self._send(self._client.blocks.children.append, block_id, children=children)
        except NotFoundError:
            raise
        except (PermanentError, BlocksUsedUpError) as error:
            raise RefusedBlocksError(str(error)) from error
        results: list[Json] = answer["results"]
        return results


def _toggle(title: str, key: str, children: list[Json]) -> Json:
    line = [*rich_text(f"{title} "), *({**text, "annotations": {"color": "gray"}} for text in rich_text(key))]
    return {"type": "toggle", "toggle": {"rich_text": line, "children": children}}


def _batches(blocks: Sequence[Json]) -> Iterator[list[Json]]:
    """Yield the blocks as they fit into requests."""
    batch: list[Json] = []
    size = 0
    for block in blocks:
        bytes_ = len(json.dumps(block))
        if batch and (len(batch) == _CHILDREN or size + bytes_ > _PAYLOAD_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(block)
        size += bytes_
    if batch:
        yield batch
