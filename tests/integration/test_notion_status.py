"""Rules of the status of a page while its video is on its way, against the sandbox's Notion."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from config.notion_config import ChannelRoute, default_routes
from sandbox.notion.databases import DISCORD_MESSAGES
from sandbox.notion.world import NotionWorld
from sandbox.server import Fault
from services.clients.notion import NotionClient
from services.clients.notion_blocks import NotionBlocks
from services.jobs.eta import Rate
from services.jobs.job import Artifacts, Job, Stage
from services.overview import Overview
from services.pipeline.notion_status import NotionStatus
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from services.store import JobStore
from tests.builders import NOON, ROUTE, a_job, a_metadata, an_origin, finished_artifacts

STATUS, ERRORS = "Transcript Process Status", "ProcessErrors"
NUMBERS: dict[str, str | dict[str, Any]] = {
    "Progress": "number",
    "Stage Timings": "rich_text",
    "Retry Count": "number",
    "Queue Position": "number",
    "ETA": "date",
}
"""Columns that people may add."""

MakeStatus = Callable[[float], NotionStatus]


@pytest.fixture
def pages(notion: NotionClient) -> Pages:
    return Pages(notion, lambda: NOON + timedelta(seconds=9))


@pytest.fixture
def body(notion: NotionClient) -> PageBody:
    return PageBody(NotionBlocks(notion.wire), lambda: NOON)


@pytest.fixture
def make_status(notion: NotionClient, pages: Pages, body: PageBody, store: JobStore) -> MakeStatus:
    """Returns a function that takes the seconds between two writes of mere numbers."""
    return lambda every_s: NotionStatus(notion, pages, body, store, Overview(store, "tiny.en"), numbers_every_s=every_s)


@pytest.fixture
def status(make_status: MakeStatus) -> NotionStatus:
    return make_status(60)


@pytest.fixture
def route(notion_world: NotionWorld) -> ChannelRoute:
    return replace(ROUTE, database=notion_world.audit_database())


@pytest.fixture
def detailed(notion_world: NotionWorld) -> ChannelRoute:
    """The route of a database that has all the columns."""
    return replace(ROUTE, database=notion_world.add_database("Messages", DISCORD_MESSAGES | NUMBERS))


def writes(notion_world: NotionWorld) -> list[dict[str, Any]]:
    """Return the properties of each change of a page, in order."""
    pages = (one for one in notion_world.exchanges if one.method == "PATCH" and one.path.startswith("/v1/pages/"))
    return [one.body["properties"] for one in pages]


def opened(notion_world: NotionWorld) -> int:
    return len([one for one in notion_world.exchanges if (one.method, one.path) == ("POST", "/v1/pages")])


def values_of(notion_world: NotionWorld, route: ChannelRoute) -> dict[str, Any]:
    [page] = notion_world.pages(route.database)
    return notion_world.page_values(page)


async def report(status: NotionStatus, store: JobStore, *states: Job) -> None:
    for job in states:
        await store.add(job)
        await store.save(job)
        status.notice(job)
    await status.drain()


async def test_statuses_arrive_in_order_and_complete_comes_with_the_final_properties(
    notion_world: NotionWorld, pages: Pages, status: NotionStatus, route: ChannelRoute, tmp_path: Path
) -> None:
    job = a_job(route=route)
    status.notice(job)
    for stage in (Stage.PROCESSING, Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING, Stage.COMPLETE):
        job = job.entering(stage, NOON)
        status.notice(job)

    async with status.quiet(job):
        page = await pages.complete(replace(job, artifacts=finished_artifacts(tmp_path)))
    status.notice(job.succeeded(NOON))
    await status.drain()

    assert notion_world.status_history(page.id) == [
        "Processing",
        "Downloading",
        "Transcribing",
        "Uploading to Drive",
        "Complete",
    ]
    final = writes(notion_world)[-1]
    assert {"Transcript Process Status", "Transcript", "GoogleDriveFolderLink"} <= final.keys()
    assert len(notion_world.pages(route.database)) == 1


async def test_a_failure_is_written_with_its_reason(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore, route: ChannelRoute
) -> None:
    job = a_job(route=route).entering(Stage.PROCESSING, NOON)

    await report(status, store, job, job.failed("The video is private.", NOON))

    values = notion_world.page_values(notion_world.pages(route.database)[0])
    assert values["Transcript Process Status"] == "Error"
    assert values["ProcessErrors"] == "Error in video processing: The video is private."
    assert await store.find_report(job.id, NotionStatus.name) is not None


async def test_a_cancelled_job_says_who_cancelled_it(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore, route: ChannelRoute
) -> None:
    job = a_job(route=route)

    await report(status, store, job.cancelled("Ada", NOON))

    values = notion_world.page_values(notion_world.pages(route.database)[0])
    assert values["Transcript Process Status"] == "Error"
    assert values["ProcessErrors"] == "Error in video processing: cancelled by Ada"


async def test_a_retry_that_waits_is_no_error_and_stays_in_its_stage(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore, route: ChannelRoute
) -> None:
    job = a_job(route=route).entering(Stage.DOWNLOADING, NOON)

    await report(status, store, job, job.postponed("busy", NOON, NOON), job.entering(Stage.DOWNLOADING, NOON))

    assert notion_world.status_history(notion_world.pages(route.database)[0]) == ["Downloading"]


async def test_a_failure_of_the_last_update_is_written_too(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore, route: ChannelRoute
) -> None:
    job = a_job(route=route).entering(Stage.COMPLETE, NOON)

    await report(status, store, job, job.failed("Notion refused the page.", NOON))

    assert notion_world.status_history(notion_world.pages(route.database)[0]) == ["Error"]


@pytest.mark.defect("ProcessErrors never cleared after a later success")
async def test_a_success_clears_the_error_of_an_earlier_try(
    notion_world: NotionWorld, pages: Pages, route: ChannelRoute, tmp_path: Path
) -> None:
    job = a_job(route=route, artifacts=finished_artifacts(tmp_path))
    notion_world.edit_page(await pages.opened(job), {ERRORS: "Error in video processing: no room"})

    page = await pages.complete(job)

    assert notion_world.page_values(page.id)[ERRORS] == ""


async def test_a_channel_without_status_hooks_makes_one_page_at_the_end_and_nothing_before(
    notion_world: NotionWorld, pages: Pages, status: NotionStatus, tmp_path: Path
) -> None:
    videos = notion_world.videos_database()
    routes = default_routes(discord_message_db="", videos_db=videos, drive_uploads_db=None, drive_folders={})
    route = next(route for route in routes.routes if route.channel == "market-outlook")
    job = a_job(route=route, origin=an_origin(channel_name="market-outlook"))
    status.notice(job)
    for stage in (Stage.PROCESSING, Stage.DOWNLOADING):
        status.notice(job.entering(stage, NOON))
    status.notice(job.failed("a try that failed", NOON))
    await status.drain()
    assert notion_world.exchanges == []

    await pages.complete(replace(job, artifacts=finished_artifacts(tmp_path)))

    assert opened(notion_world) == 1
    values = notion_world.page_values(notion_world.pages(videos)[0])
    assert values["Transcript Process Status"] == "complete"
    assert values["Discord Channel"] == "market-outlook"
    assert values["Name"] == "1961-01-20 - Ask not"


async def test_a_database_without_columns_for_numbers_is_written_no_more_than_statuses_and_nobody_is_warned(
    notion_world: NotionWorld,
    make_status: MakeStatus,
    store: JobStore,
    route: ChannelRoute,
    caplog: pytest.LogCaptureFixture,
) -> None:
    status, job = make_status(0), a_job(route=route)
    running = job.entering(Stage.DOWNLOADING, NOON)

    with caplog.at_level(logging.WARNING):
        await report(status, store, job)
        await status.refresh([job.id])
        for percent in range(5):
            await report(status, store, running.progressed(percent / 5))

    assert [list(write) for write in writes(notion_world)] == [[STATUS]]
    assert opened(notion_world) == 1
    assert "has no fitting column" not in caplog.text


async def test_numbers_travel_with_the_status_in_one_request(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore, detailed: ChannelRoute
) -> None:
    for _ in range(5):
        await store.keep_rate(Rate(Stage.DOWNLOADING, "", 10.0))
    job = a_job(route=detailed, artifacts=Artifacts(a_metadata(expected_bytes=1000)))
    running = job.entering(Stage.PROCESSING, NOON).ending(Stage.PROCESSING, NOON + timedelta(seconds=2))

    await report(status, store, job)
    waiting = values_of(notion_world, detailed)
    await report(status, store, running.entering(Stage.DOWNLOADING, NOON).progressed(0.5))
    shown = values_of(notion_world, detailed)

    assert (waiting["Queue Position"], waiting["Progress"], waiting["ETA"]) == (1, None, None)
    assert [STATUS in write for write in writes(notion_world)] == [False, True]
    assert (shown[STATUS], shown["Progress"], shown["Queue Position"], shown["Retry Count"]) == (
        "Downloading",
        0.5,
        None,
        0,
    )
    assert shown["ETA"] == (NOON + timedelta(seconds=9 + 50)).isoformat(timespec="milliseconds")
    assert shown["Stage Timings"] == "Processing 12:00:00 - 12:00:02 (2 s)\nDownloading 12:00:00"


async def test_tries_and_their_errors_are_told(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore, detailed: ChannelRoute
) -> None:
    job = a_job(route=detailed).entering(Stage.DOWNLOADING, NOON).postponed("The site is busy.", NOON, NOON)

    await report(status, store, job.entering(Stage.DOWNLOADING, NOON).failed("The video is private.", NOON))

    shown = values_of(notion_world, detailed)
    assert (shown["Retry Count"], shown[STATUS]) == (1, "Error")
    assert shown[ERRORS].endswith("The video is private.")
    assert shown["Stage Timings"].split("\n")[0] == "Downloading 12:00:00 - 12:00:00 (0 s): The site is busy."


async def test_numbers_alone_are_written_only_now_and_then(
    notion_world: NotionWorld, make_status: MakeStatus, store: JobStore, detailed: ChannelRoute
) -> None:
    running = a_job(route=detailed).entering(Stage.DOWNLOADING, NOON)
    for every_s, last in ((60.0, None), (0.0, 0.2)):
        status = make_status(every_s)
        await report(status, store, running)
        await report(status, store, running.progressed(0.1))
        await report(status, store, running.progressed(0.2))

        assert values_of(notion_world, detailed)["Progress"] == last


async def test_numbers_never_take_the_place_of_a_status_that_waits(
    notion_world: NotionWorld, make_status: MakeStatus, store: JobStore, detailed: ChannelRoute
) -> None:
    status, job = make_status(0), a_job(route=detailed).entering(Stage.DOWNLOADING, NOON)
    notion_world.faults.append(Fault("POST", "/v1/pages$", 429, {"Retry-After": "1"}))

    await report(status, store, job, *(job.progressed(percent / 20) for percent in range(20)))

    assert len(writes(notion_world)) == 1


async def test_a_place_in_line_that_has_moved_is_told(
    notion_world: NotionWorld, make_status: MakeStatus, store: JobStore, detailed: ChannelRoute
) -> None:
    status, job = make_status(0), a_job(route=detailed)
    first = a_job(origin=an_origin(message_id=1), created_at=NOON - timedelta(hours=1))
    await store.add(first)
    await report(status, store, job)
    before = values_of(notion_world, detailed)["Queue Position"]

    await store.save(first.cancelled("Ada", NOON))
    await status.refresh([job.id, first.id, "nobody"])
    await status.drain()

    assert (before, values_of(notion_world, detailed)["Queue Position"]) == (2, 1)


@pytest.mark.parametrize("renewed", [Job.retried, Job.redone])
async def test_a_job_that_is_taken_up_again_is_processing_and_its_error_is_gone(
    notion_world: NotionWorld,
    status: NotionStatus,
    store: JobStore,
    route: ChannelRoute,
    renewed: Callable[[Job, Any], Job],
) -> None:
    failed = a_job(route=route).entering(Stage.PROCESSING, NOON).failed("gone", NOON)
    await report(status, store, failed)

    await report(status, store, renewed(failed, NOON))

    shown = values_of(notion_world, route)
    assert (shown[STATUS], shown[ERRORS]) == ("Processing", "")
    assert {STATUS, ERRORS} <= writes(notion_world)[-1].keys()


async def test_a_job_that_is_cancelled_before_it_is_taken_again_says_so(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore, route: ChannelRoute
) -> None:
    again = a_job(route=route).failed("gone", NOON).retried(NOON)

    await report(status, store, again, again.cancelled("Ada", NOON))

    shown = values_of(notion_world, route)
    assert (shown[STATUS], shown[ERRORS]) == ("Error", "Error in video processing: cancelled by Ada")


async def test_a_retry_without_a_column_for_errors_shows_processing_all_the_same(
    notion_world: NotionWorld, status: NotionStatus, store: JobStore
) -> None:
    columns = {name: kind for name, kind in DISCORD_MESSAGES.items() if name != ERRORS}
    route = replace(ROUTE, database=notion_world.add_database("Messages", columns))
    running = a_job(route=route).entering(Stage.PROCESSING, NOON)
    await store.add(running)
    status.notice(running)
    status.notice(running.failed("gone", NOON))  # before any of it is written
    await status.drain()
    notion_world.edit_page(notion_world.pages(route.database)[0], {STATUS: "Error"})

    await report(status, store, running.failed("gone", NOON).retried(NOON))

    assert values_of(notion_world, route)[STATUS] == "Processing"


async def test_the_last_update_empties_place_and_time_left_and_is_a_hundred_percent(
    notion_world: NotionWorld, pages: Pages, detailed: ChannelRoute, tmp_path: Path
) -> None:
    job = a_job(route=detailed, artifacts=finished_artifacts(tmp_path)).entering(Stage.COMPLETE, NOON)
    page = await pages.opened(job)
    notion_world.edit_page(page, {"Queue Position": 3, "Progress": 0.5, "ETA": "2026-01-01"})

    await pages.complete(job)

    shown = values_of(notion_world, detailed)
    assert (shown["Queue Position"], shown["ETA"], shown["Progress"]) == (None, None, 1)
    assert shown[STATUS] == "Complete"
