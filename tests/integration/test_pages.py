"""Rules of opening and completing pages, against the sandbox's Notion."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.notion_config import ChannelRoute, default_routes
from sandbox.notion.world import NotionWorld
from sandbox.server import Exchange, Fault
from services.clients.notion import NotionClient
from services.errors import TransientError
from services.jobs.job import Stage
from services.pipeline.notion_status import NotionStatus
from services.pipeline.pages import Pages
from services.store import JobStore
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, an_origin, finished_artifacts


@pytest.fixture
async def world() -> AsyncIterator[NotionWorld]:
    world = NotionWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
async def notion(world: NotionWorld) -> AsyncIterator[NotionClient]:
    client = NotionClient(world.token, world.url)
    yield client
    await client.aclose()


@pytest.fixture
def audit(world: NotionWorld) -> str:
    return world.audit_database()


def route_of(channel: str, database: str) -> ChannelRoute:
    routes = default_routes(
        discord_message_db=database, videos_db=database, drive_uploads_db=database, drive_folders={}
    )
    route = routes.find(channel)
    assert route is not None
    return route


def some_pages(notion: NotionClient) -> Pages:
    return Pages(notion, lambda: NOON + timedelta(seconds=9))


def writes(world: NotionWorld) -> list[Exchange]:
    return [one for one in world.exchanges if one.method == "PATCH" or (one.method, one.path) == ("POST", "/v1/pages")]


async def test_opening_twice_opens_one_page_even_after_a_restart(
    world: NotionWorld, notion: NotionClient, audit: str
) -> None:
    job = a_job(route=route_of("audit-process", audit))

    pages = some_pages(notion)
    first, second = await asyncio.gather(pages.opened(job), pages.opened(job))
    after_restart = await some_pages(notion).opened(job)

    assert first == second == after_restart
    assert world.pages(audit) == [first]
    values = world.page_values(first)
    assert (values["Author"], values["Message ID"], values["Video ID"]) == ("Ada", "3", YOUTUBE.video_id)
    assert values["Transcript Process Status"] is None


async def test_two_videos_of_a_message_have_a_page_each(world: NotionWorld, notion: NotionClient, audit: str) -> None:
    route = route_of("audit-process", audit)
    pages = some_pages(notion)

    opened = await asyncio.gather(*(pages.opened(a_job(source, route)) for source in (YOUTUBE, ATTACHMENT)))

    assert sorted(world.pages(audit)) == sorted(opened)
    assert len(set(opened)) == 2


async def test_a_page_that_an_older_flow_opened_is_adopted_by_the_first_video_only(
    world: NotionWorld, notion: NotionClient, audit: str
) -> None:
    route = route_of("audit-process", audit)
    older = world.add_page(audit, {"Name": "opened by a flow", "Message ID": "3"})
    pages = some_pages(notion)

    adopted = await pages.opened(a_job(YOUTUBE, route))
    other = await pages.opened(a_job(ATTACHMENT, route))

    assert adopted == older
    assert world.page_values(older)["Video ID"] == YOUTUBE.video_id
    assert other != older


async def test_a_page_made_by_a_request_whose_answer_was_lost_is_found_again(
    world: NotionWorld, notion: NotionClient, audit: str
) -> None:
    job = a_job(route=route_of("audit-process", audit))
    world.faults.append(Fault("POST", "^/v1/pages$", before=False))
    pages = some_pages(notion)

    with pytest.raises(TransientError):
        await pages.opened(job)
    page_id = await pages.opened(job)

    assert world.pages(audit) == [page_id]


async def test_statuses_arrive_in_order_and_complete_comes_with_the_final_properties(
    world: NotionWorld, notion: NotionClient, store: JobStore, audit: str, tmp_path: Path
) -> None:
    pages = some_pages(notion)
    status = NotionStatus(notion, pages, store)
    job = a_job(route=route_of("audit-process", audit))
    status.notice(job)
    for stage in (Stage.PROCESSING, Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING, Stage.COMPLETE):
        job = job.entering(stage, NOON)
        status.notice(job)

    async with status.quiet(job):
        page = await pages.complete(replace(job, artifacts=finished_artifacts(tmp_path)))
    status.notice(job.succeeded(NOON))
    await status.drain()

    assert world.status_history(page.id) == [
        "Processing",
        "Downloading",
        "Transcribing",
        "Uploading to Drive",
        "Complete",
    ]
    final = writes(world)[-1].body["properties"]
    assert {"Transcript Process Status", "Transcript", "GoogleDriveFolderLink"} <= final.keys()
    assert len(world.pages(audit)) == 1


async def test_a_failure_is_written_with_its_reason(
    world: NotionWorld, notion: NotionClient, store: JobStore, audit: str
) -> None:
    status = NotionStatus(notion, some_pages(notion), store)
    job = a_job(route=route_of("audit-process", audit)).entering(Stage.PROCESSING, NOON)
    await store.add(job)

    status.notice(job)
    status.notice(job.failed("The video is private.", NOON))
    await status.drain()

    values = world.page_values(world.pages(audit)[0])
    assert values["Transcript Process Status"] == "Error"
    assert values["ProcessErrors"] == "Error in video processing: The video is private."
    assert await store.find_report(job.id, NotionStatus.name) is not None


async def test_a_cancelled_job_says_who_cancelled_it(
    world: NotionWorld, notion: NotionClient, store: JobStore, audit: str
) -> None:
    status = NotionStatus(notion, some_pages(notion), store)
    job = a_job(route=route_of("audit-process", audit))
    await store.add(job)

    status.notice(job.cancelled("Ada", NOON))
    await status.drain()

    values = world.page_values(world.pages(audit)[0])
    assert values["Transcript Process Status"] == "Error"
    assert values["ProcessErrors"] == "Error in video processing: cancelled by Ada"


async def test_a_retry_that_waits_is_no_error_and_stays_in_its_stage(
    world: NotionWorld, notion: NotionClient, store: JobStore, audit: str
) -> None:
    status = NotionStatus(notion, some_pages(notion), store)
    job = a_job(route=route_of("audit-process", audit)).entering(Stage.DOWNLOADING, NOON)

    for state in (job, job.postponed("busy", NOON, NOON), job.entering(Stage.DOWNLOADING, NOON)):
        status.notice(state)
    await status.drain()

    assert world.status_history(world.pages(audit)[0]) == ["Downloading"]


async def test_a_failure_of_the_last_update_is_written_too(
    world: NotionWorld, notion: NotionClient, store: JobStore, audit: str
) -> None:
    status = NotionStatus(notion, some_pages(notion), store)
    job = a_job(route=route_of("audit-process", audit)).entering(Stage.COMPLETE, NOON)
    await store.add(job)

    status.notice(job)
    status.notice(job.failed("Notion refused the page.", NOON))
    await status.drain()

    assert world.status_history(world.pages(audit)[0]) == ["Error"]


async def test_a_reposts_page_leads_to_the_first_once(
    world: NotionWorld, notion: NotionClient, audit: str, tmp_path: Path
) -> None:
    artifacts = replace(finished_artifacts(tmp_path), first_page_url="https://www.notion.so/first")
    job = a_job(route=route_of("audit-process", audit), artifacts=artifacts)

    await some_pages(notion).complete(job)
    page = await some_pages(notion).complete(job)

    [(_, paragraph)] = world.page_blocks(page.id)
    assert paragraph["rich_text"][1]["text"]["link"]["url"] == "https://www.notion.so/first"


@pytest.mark.defect("ProcessErrors never cleared after a later success")
async def test_a_success_clears_the_error_of_an_earlier_try(
    world: NotionWorld, notion: NotionClient, store: JobStore, audit: str, tmp_path: Path
) -> None:
    pages = some_pages(notion)
    status = NotionStatus(notion, pages, store)
    job = a_job(route=route_of("audit-process", audit), artifacts=finished_artifacts(tmp_path))
    await store.add(job)
    status.notice(job.failed("no room", NOON))
    await status.drain()

    page = await pages.complete(job)

    assert world.page_values(page.id)["ProcessErrors"] == ""


async def test_a_channel_without_status_hooks_makes_one_page_at_the_end_and_nothing_before(
    world: NotionWorld, notion: NotionClient, store: JobStore, tmp_path: Path
) -> None:
    videos = world.videos_database()
    pages = some_pages(notion)
    status = NotionStatus(notion, pages, store)
    job = a_job(route=route_of("market-outlook", videos), origin=an_origin(channel_name="market-outlook"))
    status.notice(job)
    for stage in (Stage.PROCESSING, Stage.DOWNLOADING):
        status.notice(job.entering(stage, NOON))
    status.notice(job.failed("a try that failed", NOON))
    await status.drain()
    assert world.exchanges == []

    await pages.complete(replace(job, artifacts=finished_artifacts(tmp_path)))

    assert [(one.method, one.path) for one in writes(world)] == [("POST", "/v1/pages")]
    values = world.page_values(world.pages(videos)[0])
    assert values["Transcript Process Status"] == "complete"
    assert values["Discord Channel"] == "market-outlook"
    assert values["Name"] == "1961-01-20 - Ask not"
