"""What stands below a page's properties: toggles. A broken-off append neither doubles nor loses a paragraph."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Toggle:
    """A block that opens. `key` is planted in its line, so that it is found again."""

    title: str
    key: str
    paragraphs: tuple[list[Json], ...]
    """Of text objects."""
    replaces: str
    """How the keys begin of the toggles of this title that it takes the place of."""

    @property
    def line(self) -> str:
        return f"{self.title} {self.key}"


class NotionBlocks:
    """A toggle is found again by its line; its paragraphs are counted."""

    def __init__(self, wire: NotionWire) -> None:
        self._client, self._send = wire.client, wire.send_bulk

    async def put(self, page_id: str, toggles: Sequence[Toggle]) -> None:
        """Let a page have these toggles, whole. Called again after a failure, it goes on where that broke off.

        Raises:
            RefusedBlocksError: Notion does not take the blocks.
        """
        there = await self._toggles(page_id)
        new = [toggle for toggle in toggles if toggle.line not in there]
        begun = [(toggle, there[toggle.line]) for toggle in toggles if toggle.line in there]
        for toggle, toggle_id in begun:
            await self._fill(toggle_id, _paragraphs(toggle)[len(await self._children(toggle_id)) :])
        await self._begin(page_id, new)
        for line, block_id in there.items():
            if any(_is_replaced(line, toggle) for toggle in toggles):
                await self._send(self._client.blocks.delete, block_id)

    async def _begin(self, page_id: str, toggles: Sequence[Toggle]) -> None:
        """Append new toggles, in as few requests as will do."""
        first = [next(_batches(_paragraphs(toggle)), []) for toggle in toggles]
        ids: list[str] = []
        for batch in _batches([_block(*pair) for pair in zip(toggles, first, strict=True)]):
            ids += [block["id"] for block in await self._append(page_id, batch)]
        for toggle, begun, toggle_id in zip(toggles, first, ids, strict=True):
            await self._fill(toggle_id, _paragraphs(toggle)[len(begun) :])

    async def _fill(self, toggle_id: str, paragraphs: Sequence[Json]) -> None:
        for batch in _batches(paragraphs):
            await self._append(toggle_id, batch)

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


def _block(toggle: Toggle, children: list[Json]) -> Json:
    key = ({**text, "annotations": {"color": "gray"}} for text in rich_text(toggle.key))
    line = [*rich_text(f"{toggle.title} "), *key]
    return {"type": "toggle", "toggle": {"rich_text": line, "children": children}}


def _paragraphs(toggle: Toggle) -> list[Json]:
    return [{"type": "paragraph", "paragraph": {"rich_text": texts}} for texts in toggle.paragraphs]


def _is_replaced(line: str, toggle: Toggle) -> bool:
    return line != toggle.line and line.startswith(f"{toggle.title} {toggle.replaces}")


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
