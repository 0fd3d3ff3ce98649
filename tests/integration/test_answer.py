"""Rules of videos that Notion has already, against the sandbox's Notion."""

from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from config.notion_config import AUDIT_PROCESS, VIDEO_CHANNELS, ChannelRoute, default_routes
from sandbox.notion.world import NotionWorld
from sandbox.server import Fault
from services.clients.notion import NotionClient
from services.clients.notion_blocks import NotionBlocks
from services.jobs.job import Artifacts, Job, Stage
from services.media import Progress
from services.pipeline.answer import AnswerOrProbe
from services.pipeline.known_pages import KnownPages
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from tests.builders import NOON, YOUTUBE, a_job, a_metadata, an_origin, finished_artifacts
from tests.page_bodies import toggles

LATER = NOON + timedelta(minutes=5)
PROBED = Artifacts(metadata=a_metadata(title="probed"))


@dataclass(frozen=True)
class FakeProbe:
    """Knows every video."""

    name = Stage.PROCESSING
    asked: list[str] = field(default_factory=list)

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.metadata is not None

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        self.asked.append(job.id)
        return PROBED


@pytest.fixture
def pages(notion: NotionClient) -> Pages:
    return Pages(notion, lambda: LATER)


@pytest.fixture
def answer(notion: NotionClient, pages: Pages) -> AnswerOrProbe:
    return AnswerOrProbe(
        KnownPages(notion),
        pages,
        PageBody(NotionBlocks(notion.wire), lambda: LATER),
        lambda _: nullcontext(),
        FakeProbe(),
    )


@pytest.fixture
def route(notion_world: NotionWorld) -> ChannelRoute:
    return replace(AUDIT_PROCESS, database=notion_world.audit_database())


def posted(route: ChannelRoute, message_id: int, **changes: object) -> Job:
    return a_job(YOUTUBE, route, an_origin(message_id=message_id), **changes)


async def run(answer: AnswerOrProbe, job: Job) -> Artifacts:
    return await answer.run(job, Path(), lambda _: None)


async def test_a_video_that_notion_has_done_is_answered_with_what_its_page_says(
    notion_world: NotionWorld, answer: AnswerOrProbe, pages: Pages, route: ChannelRoute, tmp_path: Path
) -> None:
    first = await pages.complete(posted(route, 11, artifacts=finished_artifacts(tmp_path)))

    artifacts = await run(answer, posted(route, 12))

    _, second = notion_world.pages(route.database)
    old, new = notion_world.page_values(first.id), notion_world.page_values(second)
    same = ("Name", "URL", "Video ID", "YouTube Channel", "GoogleDriveFolderLink", "Video FIle Link", "Transcript")
    assert [new[column] for column in same] == [old[column] for column in same]
    assert (new["Message ID"], new["Transcript Process Status"]) == ("12", "Complete")
    assert (artifacts.first_page_url, artifacts.page_url) != (None, first.url)
    [(_, record)] = toggles(notion_world, second)
    assert ("its page", first.url) in record


async def test_a_job_whose_own_page_is_complete_has_ended(
    notion_world: NotionWorld, answer: AnswerOrProbe, pages: Pages, route: ChannelRoute, tmp_path: Path
) -> None:
    page = await pages.complete(posted(route, 11, artifacts=finished_artifacts(tmp_path)))

    artifacts = await run(answer, posted(route, 11))

    assert (artifacts.page_url, artifacts.first_page_url) == (page.url, None)
    assert notion_world.pages(route.database) == [page.id]


async def test_in_a_channel_of_one_page_a_video_that_page_is_the_answer_and_other_channels_have_their_own(
    notion_world: NotionWorld, notion: NotionClient, answer: AnswerOrProbe, pages: Pages, tmp_path: Path
) -> None:
    videos = notion_world.videos_database()
    routes = default_routes(discord_message_db="", videos_db=videos, drive_uploads_db=None, drive_folders={})
    outlook, education = (routes.find(name, None) for name in (VIDEO_CHANNELS[0], "education"))
    assert outlook
    assert education
    page = await pages.complete(posted(outlook, 11, artifacts=finished_artifacts(tmp_path)))
    await notion.data_source(videos, kept=False)  # a new process, which knows the new options

    assert (await run(answer, posted(outlook, 12))).page_url == page.url
    assert await run(answer, posted(education, 13)) == PROBED
    assert notion_world.pages(videos) == [page.id]


@pytest.mark.parametrize("status", ["Error", "Transcribing", None])
async def test_a_page_that_is_not_complete_answers_nothing(
    notion_world: NotionWorld, answer: AnswerOrProbe, route: ChannelRoute, status: str | None
) -> None:
    notion_world.add_page(
        route.database, {"Message ID": "11", "Video ID": YOUTUBE.video_id, "Transcript Process Status": status}
    )

    assert await run(answer, posted(route, 12)) == PROBED


async def test_what_is_asked_for_anew_is_not_answered_from_notion(
    answer: AnswerOrProbe, pages: Pages, route: ChannelRoute, tmp_path: Path
) -> None:
    job = posted(route, 11, artifacts=finished_artifacts(tmp_path))
    await pages.complete(job)

    assert await run(answer, job.succeeded(NOON).redone(LATER)) == PROBED


async def test_while_notion_is_down_the_work_begins_all_the_same(
    notion_world: NotionWorld, answer: AnswerOrProbe, route: ChannelRoute
) -> None:
    notion_world.faults.append(Fault("POST", "/query", 503))

    assert await run(answer, posted(route, 12)) == PROBED
