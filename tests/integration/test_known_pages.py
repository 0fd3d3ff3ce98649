"""Rules of what Notion still knows when the ledger does not, against the sandbox's Notion."""

from dataclasses import replace
from typing import Any

import pytest

from config.notion_config import AUDIT_PROCESS, ChannelRoute
from sandbox.notion.world import NotionWorld
from services.clients.notion import NotionClient
from services.pipeline.known_pages import KnownPages, UnfinishedPage

STATUS = "Transcript Process Status"
MESSAGE_URL = "https://discord.com/channels/1/2/{}"


@pytest.fixture
def pages(notion: NotionClient) -> KnownPages:
    return KnownPages(notion)


@pytest.fixture
def route(notion_world: NotionWorld) -> ChannelRoute:
    return replace(AUDIT_PROCESS, database=notion_world.audit_database())


def add(notion_world: NotionWorld, route: ChannelRoute, message_id: str, **cells: Any) -> str:
    """Add a page as the bot opens it."""
    opened = {"Message ID": message_id, "Message URL": MESSAGE_URL.format(message_id), "Video ID": f"v{message_id}"}
    return notion_world.add_page(route.database, opened | {"Channel": "audit-process"} | cells)


async def test_pages_without_an_end_are_unfinished_and_those_of_an_older_flow_are_none(
    notion_world: NotionWorld, pages: KnownPages, route: ChannelRoute
) -> None:
    opened = add(notion_world, route, "11")
    running = [
        add(notion_world, route, str(number), **{STATUS: status})
        for number, status in enumerate(("Processing", "Downloading", "Transcribing", "Uploading to Drive"), 12)
    ]
    for status in ("Complete", "Error"):
        add(notion_world, route, "20", **{STATUS: status})
    add(notion_world, route, "21", **{"Video ID": ""})
    add(notion_world, route, "some other note")

    found = await pages.unfinished(route)

    assert [page.id for page in found] == [opened, *running]
    assert found[0] == UnfinishedPage(opened, 11, MESSAGE_URL.format(11), "v11")


async def test_unfinished_pages_are_found_beyond_the_first_hundred(
    notion_world: NotionWorld, pages: KnownPages, route: ChannelRoute
) -> None:
    added = [add(notion_world, route, str(number)) for number in range(1, 121)]

    assert [page.id for page in await pages.unfinished(route)] == added


async def test_a_database_without_the_columns_has_no_unfinished_pages(
    notion_world: NotionWorld, pages: KnownPages, route: ChannelRoute
) -> None:
    bare = notion_world.add_database("Bare", {"Name": "title", "Message ID": "rich_text"})

    assert await pages.unfinished(replace(route, database=bare)) == []


async def test_the_newest_message_is_that_with_the_highest_number_among_the_channels_own(
    notion_world: NotionWorld, pages: KnownPages, route: ChannelRoute
) -> None:
    for message_id in ("9", "100", "99", "no number"):
        add(notion_world, route, message_id)
    add(notion_world, route, "101", Channel="elsewhere")

    assert await pages.newest_message_id(route, "audit-process") == 100
    assert await pages.newest_message_id(route, "new-channel") is None
