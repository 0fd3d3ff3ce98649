"""Rules of appending below a page, against the sandbox's Notion."""

from dataclasses import dataclass

import pytest
from aiohttp import web

from sandbox.notion.world import NotionWorld
from sandbox.server import Fault
from services.clients.notion import NotionClient
from services.clients.notion_blocks import NotionBlocks, RefusedBlocksError, Toggle
from services.clients.notion_properties import Json, encode, rich_text
from services.errors import TransientError

PARAGRAPHS = [[*rich_text(f"{number}: "), *(rich_text("x" * 1900) * 60)] for number in range(7)]
"""More than 800 KB: three requests."""
TRANSCRIPT = Toggle("Transcript", "1-a go", tuple(PARAGRAPHS), replaces="1-a")
WHOLE = [f"{number}:" for number in range(7)]


async def a_page(world: NotionWorld, notion: NotionClient) -> str:
    table = await notion.data_source(world.audit_database())
    return (await notion.create_page(table, {table.title_column: encode("Ask not", "title")})).id


def toggles(world: NotionWorld, page_id: str) -> list[tuple[str, list[str]]]:
    """Return each toggle's line, and the first words of its paragraphs."""
    blocks = [block for block in world.workspace.children(page_id) if block.type == "toggle"]
    return [
        (
            _text(block.content),
            [_text(child.content).split("x")[0].strip() for child in world.workspace.children(block.id)],
        )
        for block in blocks
    ]


def _text(content: Json) -> str:
    return "".join(text["plain_text"] for text in content["rich_text"])


async def test_a_toggle_that_is_there_whole_is_not_appended_again(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    page_id = await a_page(notion_world, notion)

    for _ in range(2):
        await NotionBlocks(notion.wire).put(page_id, [TRANSCRIPT])

    assert toggles(notion_world, page_id) == [("Transcript 1-a go", WHOLE)]


@dataclass
class Drop(Fault):
    """Drops the connection once, after so many requests that get through."""

    let_through: int = 0

    def matches(self, request: web.Request) -> bool:
        self.let_through -= 1
        return self.times > 0 and self.let_through < 0


@pytest.mark.parametrize("is_done", [False, True], ids=["before the work", "after the work"])
async def test_a_connection_that_drops_at_each_request_in_turn_doubles_no_paragraph_and_loses_none(
    notion_world: NotionWorld, notion: NotionClient, *, is_done: bool
) -> None:
    blocks = NotionBlocks(notion.wire)
    drops = 0

    for let_through in range(20):
        page_id = await a_page(notion_world, notion)
        notion_world.faults[:] = [Drop("any", "any", before=not is_done, let_through=let_through)]
        try:
            await blocks.put(page_id, [TRANSCRIPT])
        except TransientError:
            drops += 1
            await blocks.put(page_id, [TRANSCRIPT])
        assert toggles(notion_world, page_id) == [("Transcript 1-a go", WHOLE)]
        if drops == let_through:
            break

    assert drops == 4  # a look at the page, and three appends


async def test_older_toggles_of_the_same_owner_go_and_those_of_others_stay(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    page_id = await a_page(notion_world, notion)
    words = tuple(PARAGRAPHS[:1])
    keys = [
        ("Transcript", "1-a old"),
        ("Transcript", "2-b old"),
        ("Audit record", "1-a old"),
        ("Transcript", "1-a new"),
    ]

    for title, key in keys:
        await NotionBlocks(notion.wire).put(page_id, [Toggle(title, key, words, replaces=key.split()[0])])

    lines = [line for line, _ in toggles(notion_world, page_id)]
    assert lines == ["Transcript 2-b old", "Audit record 1-a old", "Transcript 1-a new"]


async def test_new_toggles_that_are_small_are_one_request(notion_world: NotionWorld, notion: NotionClient) -> None:
    page_id = await a_page(notion_world, notion)
    before = len(notion_world.exchanges)
    both = [Toggle(title, "1-a go", tuple(PARAGRAPHS[:1]), replaces="1-a") for title in ("Transcript", "Audit record")]

    await NotionBlocks(notion.wire).put(page_id, both)

    assert [one.method for one in notion_world.exchanges[before:]] == ["GET", "PATCH"]
    assert [line for line, _ in toggles(notion_world, page_id)] == ["Transcript 1-a go", "Audit record 1-a go"]


async def test_a_workspace_that_takes_no_more_blocks_is_told_apart_from_trouble(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    page_id = await a_page(notion_world, notion)
    notion_world.plan.blocks_used_up = True

    with pytest.raises(RefusedBlocksError):
        await NotionBlocks(notion.wire).put(page_id, [TRANSCRIPT])
