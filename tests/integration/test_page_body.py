"""Rules of what stands below a page's properties, and of the files that Notion keeps, against the sandbox's Notion."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.notion_config import AUDIT_PROCESS, DRIVE_UPLOADS, ChannelRoute
from sandbox.notion.world import NotionWorld
from sandbox.server import Fault
from services.clients.notion import NotionClient
from services.clients.notion_blocks import NotionBlocks
from services.clients.notion_files import NotionFiles
from services.errors import TransientError
from services.jobs.job import Artifacts, Job, Stage
from services.overview import Overview
from services.pipeline import transcript_files
from services.pipeline.finish import Finish
from services.pipeline.notion_status import NotionStatus
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from services.pipeline.transcript_files import TranscriptFiles
from services.store import JobStore
from tests.builders import NOON, YOUTUBE, a_job, a_transcript, finished_artifacts
from tests.page_bodies import toggles, words

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def route(notion_world: NotionWorld) -> ChannelRoute:
    return replace(AUDIT_PROCESS, database=notion_world.audit_database())


@pytest.fixture
def uploads(notion_world: NotionWorld) -> ChannelRoute:
    """One whose page is made when the video is done."""
    return replace(DRIVE_UPLOADS, database=notion_world.drive_uploads_database())


@pytest.fixture
def finish(notion: NotionClient) -> Finish:
    return a_finish(notion)


def a_finish(notion: NotionClient) -> Finish:
    pages, body = Pages(notion, lambda: LATER), PageBody(NotionBlocks(notion.wire), lambda: LATER)
    return Finish(pages, body, TranscriptFiles(NotionFiles(notion.wire), pages.table), lambda _: nullcontext())


def done(route: ChannelRoute, folder: Path) -> Job:
    return a_job(route=route, artifacts=finished_artifacts(folder)).entering(Stage.COMPLETE, NOON)


async def run(finish: Finish, job: Job) -> Artifacts:
    return await finish.run(job, Path(), lambda _: None)


@pytest.mark.parametrize("fails", [False, True])
async def test_the_files_are_begun_while_the_media_go_up_and_uploaded_once_unless_that_failed(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path, *, fails: bool
) -> None:
    def sent() -> list[int]:
        return [one.status for one in notion_world.exchanges if one.path.endswith("/send")]

    notion_world.faults += [Fault("POST", "/send$", 503)] * fails
    job = done(route, tmp_path).entering(Stage.UPLOADING, NOON)
    finish.files.notice(job)
    await notion_world.until(lambda: sent() == ([503] if fails else [200, 200]))
    await run(finish, job)

    assert sent() == [503] * fails + [200, 200]
    await finish.files.aclose()


async def test_the_files_are_announced_while_the_words_are_heard(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    def announced() -> list[str]:
        return [one.body["filename"] for one in notion_world.exchanges if one.path == "/v1/file_uploads"]

    job = done(route, tmp_path)
    finish.files.notice(job.entering(Stage.TRANSCRIBING, NOON))
    await notion_world.until(lambda: len(announced()) == 2)
    finish.files.notice(job.entering(Stage.UPLOADING, NOON))
    await run(finish, job)

    assert announced() == ["transcript.txt", "transcript.srt.txt"]
    [page] = notion_world.pages(route.database)
    assert notion_world.page_files(page, "Transcript File") == {"transcript.txt": b"Ask not.\n"}


@pytest.fixture(params=["failed", "too old"])
def useless(request: pytest.FixtureRequest, notion_world: NotionWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "failed":
        notion_world.faults.append(Fault("POST", "/v1/file_uploads$", 503))
    else:
        monkeypatch.setattr(transcript_files, "_GOOD_FOR_S", 0.0)


@pytest.mark.usefixtures("useless")
async def test_an_announcement_that_failed_or_is_too_old_costs_no_file(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    job = done(route, tmp_path)
    finish.files.notice(job.entering(Stage.TRANSCRIBING, NOON))
    await notion_world.until(lambda: any(one.path == "/v1/file_uploads" for one in notion_world.exchanges))
    await run(finish, job)

    [page] = notion_world.pages(route.database)
    assert notion_world.page_files(page, "Transcript File") == {"transcript.txt": b"Ask not.\n"}
    await finish.files.aclose()


async def test_a_finished_page_has_the_transcript_its_files_and_the_record(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    artifacts = await run(finish, done(route, tmp_path))

    [page] = notion_world.pages(route.database)
    (title, transcript), (record, account) = toggles(notion_world, page)
    assert (title, record) == ("Transcript", "Audit record")
    assert transcript == [("0:00", f"{YOUTUBE.url}&t=0s"), (" Ask not.\n", None)]
    assert "Posted by Ada" in words(account)
    assert notion_world.page_files(page, "Transcript File") == {"transcript.txt": b"Ask not.\n"}
    assert list(notion_world.page_files(page, "Transcript SRT File")) == ["transcript.srt.txt"]
    assert artifacts.page_url
    assert artifacts.remarks == ()


async def test_the_status_is_complete_only_when_the_transcript_is_there(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    notion_world.faults.append(Fault("PATCH", "/children", 503))

    with pytest.raises(TransientError):
        await run(finish, done(route, tmp_path))
    [page] = notion_world.pages(route.database)
    before = notion_world.page_values(page)["Transcript Process Status"]
    await run(finish, done(route, tmp_path))

    assert (before, notion_world.page_values(page)["Transcript Process Status"]) == (None, "Complete")
    assert [title for title, _ in toggles(notion_world, page)] == ["Transcript", "Audit record"]


async def test_a_page_that_is_made_at_the_end_has_the_same_below_it_and_is_one(
    notion_world: NotionWorld, finish: Finish, uploads: ChannelRoute, tmp_path: Path
) -> None:
    notion_world.faults.append(Fault("PATCH", "/children", 503))

    with pytest.raises(TransientError):
        await run(finish, done(uploads, tmp_path))
    await run(finish, done(uploads, tmp_path))

    [page] = notion_world.pages(uploads.database)
    assert [title for title, _ in toggles(notion_world, page)] == ["Transcript", "Audit record"]


async def test_where_notion_takes_no_blocks_properties_and_links_stay_and_it_is_remarked(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    job = done(route, tmp_path)
    await finish.pages.opened(job)
    notion_world.plan.blocks_used_up = True

    artifacts = await run(finish, job)

    [page] = notion_world.pages(route.database)
    values = notion_world.page_values(page)
    assert values["Transcript Process Status"] == "Complete"
    assert values["Video FIle Link"] == "https://drive.google.com/video"
    assert [remark.split(":")[0] for remark in artifacts.remarks] == [
        "The transcript is in its files alone",
        "There is no audit record on the page",
    ]


async def test_a_file_that_notion_refuses_is_a_link_and_the_record_says_so(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    refusal = {"object": "error", "status": 400, "code": "validation_error", "message": "no"}
    notion_world.faults.append(Fault("POST", "/v1/file_uploads", 400, body=refusal))

    await run(finish, done(route, tmp_path))

    [page] = notion_world.pages(route.database)
    assert notion_world.page_values(page)["Transcript File"] == ["https://drive.google.com/text"]
    *_, (_, record) = toggles(notion_world, page)
    assert "transcript.txt is not kept in Notion" in words(record)


async def test_done_anew_the_old_transcript_goes_and_the_old_record_stays(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    first = done(route, tmp_path)
    await run(finish, first)
    again = first.succeeded(NOON).redone(LATER)

    artifacts = replace(first.artifacts, transcript=a_transcript("Ask what."))
    await run(finish, replace(again, artifacts=artifacts))

    [page] = notion_world.pages(route.database)
    found = toggles(notion_world, page)
    assert [title for title, _ in found] == ["Audit record", "Transcript", "Audit record"]
    assert "Ask what." in words(found[1][1])


async def test_a_repost_leads_to_the_first_page_instead_of_repeating_the_transcript(
    notion_world: NotionWorld, finish: Finish, route: ChannelRoute, tmp_path: Path
) -> None:
    job = done(route, tmp_path)
    job = replace(job, artifacts=replace(job.artifacts, first_page_url="https://www.notion.so/first"))

    for _ in range(2):
        await run(finish, job)

    [page] = notion_world.pages(route.database)
    [(title, record)] = toggles(notion_world, page)
    assert title == "Audit record"
    assert ("its page", "https://www.notion.so/first") in record


@pytest.mark.parametrize("end", ["failed", "cancelled"])
async def test_an_error_and_a_cancel_have_their_record_too(
    notion_world: NotionWorld, notion: NotionClient, store: JobStore, route: ChannelRoute, end: str
) -> None:
    pages, body = Pages(notion, lambda: LATER), PageBody(NotionBlocks(notion.wire), lambda: LATER)
    status = NotionStatus(notion, pages, body, store, Overview(store, "tiny.en"))
    job = a_job(route=route).entering(Stage.DOWNLOADING, NOON)
    job = job.failed("The video is private.", LATER) if end == "failed" else job.cancelled("Ada", LATER)
    await store.add(job)

    status.notice(job)
    await status.drain()
    await status.aclose()

    [page] = notion_world.pages(route.database)
    [(_, record)] = toggles(notion_world, page)
    assert words(record).splitlines()[-1] == f"{end.capitalize()}: {job.error}"
