"""Rules of opening and completing pages, against the sandbox's Notion."""

import asyncio
from datetime import timedelta

import pytest

from config.notion_config import ChannelRoute, default_routes
from sandbox.notion.world import NotionWorld
from sandbox.server import Exchange, Fault
from services.clients.notion import NotionClient
from services.errors import TransientError
from services.pipeline.pages import Pages
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job


@pytest.fixture
def audit(notion_world: NotionWorld) -> str:
    return notion_world.audit_database()


def route_of(channel: str, database: str) -> ChannelRoute:
    routes = default_routes(
        discord_message_db=database, videos_db=database, drive_uploads_db=database, drive_folders={}
    )
    route = routes.find(channel, None)
    assert route is not None
    return route


def some_pages(notion: NotionClient) -> Pages:
    return Pages(notion, lambda: NOON + timedelta(seconds=9))


def writes(notion_world: NotionWorld) -> list[Exchange]:
    return [
        one
        for one in notion_world.exchanges
        if one.method == "PATCH" or (one.method, one.path) == ("POST", "/v1/pages")
    ]


async def test_opening_twice_opens_one_page_even_after_a_restart(
    notion_world: NotionWorld, notion: NotionClient, audit: str
) -> None:
    job = a_job(route=route_of("audit-process", audit))

    pages = some_pages(notion)
    first, second = await asyncio.gather(pages.opened(job), pages.opened(job))
    after_restart = await some_pages(notion).opened(job)

    assert first == second == after_restart
    assert notion_world.pages(audit) == [first]
    values = notion_world.page_values(first)
    assert (values["Author"], values["Message ID"], values["Video ID"]) == ("Ada", "3", YOUTUBE.video_id)
    assert values["Transcript Process Status"] is None


async def test_two_videos_of_a_message_have_a_page_each(
    notion_world: NotionWorld, notion: NotionClient, audit: str
) -> None:
    route = route_of("audit-process", audit)
    pages = some_pages(notion)

    opened = await asyncio.gather(*(pages.opened(a_job(source, route)) for source in (YOUTUBE, ATTACHMENT)))

    assert sorted(notion_world.pages(audit)) == sorted(opened)
    assert len(set(opened)) == 2


async def test_a_page_that_an_older_flow_opened_is_adopted_by_the_first_video_only(
    notion_world: NotionWorld, notion: NotionClient, audit: str
) -> None:
    route = route_of("audit-process", audit)
    older = notion_world.add_page(audit, {"Name": "opened by a flow", "Message ID": "3"})
    pages = some_pages(notion)

    adopted = await pages.opened(a_job(YOUTUBE, route))
    other = await pages.opened(a_job(ATTACHMENT, route))

    assert adopted == older
    assert notion_world.page_values(older)["Video ID"] == YOUTUBE.video_id
    assert other != older


async def test_a_page_made_by_a_request_whose_answer_was_lost_is_found_again(
    notion_world: NotionWorld, notion: NotionClient, audit: str
) -> None:
    job = a_job(route=route_of("audit-process", audit))
    notion_world.faults.append(Fault("POST", "^/v1/pages$", before=False))
    pages = some_pages(notion)

    with pytest.raises(TransientError):
        await pages.opened(job)
    page_id = await pages.opened(job)

    assert notion_world.pages(audit) == [page_id]
