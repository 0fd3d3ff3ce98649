"""Rules of the door for other flows: a real client, the real server, the sandbox's Notion."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from bot.http import Http
from bot.start import StartError
from bot.webhook import Webhook
from config.notion_config import Routes, default_routes
from sandbox.notion.world import NotionWorld
from sandbox.server import Fault
from services.clients.notion import NotionClient
from services.jobs.job import Stage
from services.queue.local import LocalQueue
from services.recorder import Recorder
from services.store import JobStore
from tests.builders import NOON, a_job

SECRET = "öpen sesame"
LINK = "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
BUSY = {"object": "error", "status": 503, "code": "service_unavailable", "message": "Down."}

Answer = tuple[int, dict[str, Any]]


class Flow:
    """Another flow, which knows the webhook's address and mostly its secret."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self._url = url
        self._session = session

    async def send(self, body: bytes, secret: str | None = SECRET) -> Answer:
        headers = {} if secret is None else {"X-Webhook-Secret": secret}
        async with self._session.post(f"{self._url}/webhook/process-video", data=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def ask(self, page_id: str, **changes: Any) -> Answer:
        wanted = {"discord_entry_id": page_id, "youtube_url": LINK, "channel": "audit-process"} | changes
        return await self.send(json.dumps({key: value for key, value in wanted.items() if value is not ...}).encode())

    async def task(self, task_id: str) -> Answer:
        async with self._session.get(f"{self._url}/task/{task_id}") as answer:
            return answer.status, await answer.json()


@pytest.fixture
def routes(notion_world: NotionWorld) -> Routes:
    return default_routes(
        discord_message_db=notion_world.audit_database(),
        videos_db=notion_world.videos_database(),
        drive_uploads_db=None,
        drive_folders={"market-outlook": "outlook-folder"},
    )


async def connected() -> None:
    """Discord is ready."""


@pytest.fixture
def page_id(notion_world: NotionWorld, routes: Routes) -> str:
    """A page as a flow makes it."""
    return notion_world.add_page(routes.routes[0].database, {"Name": "from a form", "Author": "Vera"})


@pytest.fixture
def queue(store: JobStore) -> LocalQueue:
    """Nobody works on its jobs."""
    return LocalQueue(Recorder(store), workers=1, clock=lambda: NOON)


@pytest.fixture
async def flow(queue: LocalQueue, store: JobStore, notion: NotionClient, routes: Routes) -> AsyncIterator[Flow]:
    webhook = Webhook(
        SECRET,
        queue=queue,
        store=store,
        notion=notion,
        routes=routes,
        find_channel=lambda _: None,
        ready=connected,
        clock=lambda: NOON,
    )
    async with Http("127.0.0.1", 0, webhook.routes()) as http, aiohttp.ClientSession() as session:
        yield Flow(http.url, session)


async def test_a_page_and_a_link_are_a_job_in_the_ledger(flow: Flow, store: JobStore, page_id: str) -> None:
    status, answer = await flow.ask(page_id)

    assert (status, answer["status"]) == (202, "queued")
    job = await store.get(answer["task_id"])
    assert job.id.startswith(page_id.replace("-", ""))
    assert (job.page_id, job.source.url, job.route.channel) == (page_id, LINK, "audit-process")
    assert (job.origin.is_message, job.origin.author_name, job.origin.posted_at) == (False, "webhook", NOON)
    assert job.origin.message_url.endswith(page_id.replace("-", ""))


@pytest.mark.parametrize("secret", [None, "", "open sesame", f"{SECRET}x"])
async def test_without_the_secret_nothing_is_taken(
    flow: Flow, store: JobStore, page_id: str, secret: str | None
) -> None:
    body = {"discord_entry_id": page_id, "youtube_url": LINK, "channel": "audit-process"}

    status, answer = await flow.send(json.dumps(body).encode(), secret)

    assert (status, answer) == (403, {"error": "X-Webhook-Secret is missing or wrong."})
    assert await store.unfinished() == []


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("discord_entry_id", ..., "is missing"),
        ("discord_entry_id", "12", "id of a page"),
        ("discord_entry_id", "0" * 32, "no longer in Notion"),
        ("youtube_url", ..., "is missing"),
        ("youtube_url", 7, "valid string"),
        ("youtube_url", "", "must be one link"),
        ("youtube_url", "ftp://youtube.com/x", "must be one link"),
        ("youtube_url", f"look: {LINK}", "must be one link"),
        ("youtube_url", f"https://a.example/{'x' * 2000}", "at most 2000"),
        ("channel", ..., "is missing"),
        ("channel", "general", "must be one of audit-process, market-outlook"),
        ("channel", "9" * 5000, "at most 100"),
        ("parent_drive_folder_id", "../up", "id of a folder"),
        ("parent_drive_folder_id", ["x"], "valid string"),
    ],
)
async def test_a_wrong_field_is_named(
    flow: Flow, store: JobStore, page_id: str, *, field: str, value: Any, reason: str
) -> None:
    status, answer = await flow.ask(page_id, **{field: value})

    assert (status, answer["field"]) == (422, field)
    assert answer["error"].startswith(f"{field} is ")
    assert reason in answer["error"]
    assert await store.unfinished() == []


@pytest.mark.parametrize(
    ("body", "status"), [(b"discord_entry_id=12", 422), (b"", 422), (b"[]", 422), (b" " * 2**17, 413)]
)
async def test_what_is_no_object_is_refused_with_a_sentence(flow: Flow, body: bytes, status: int) -> None:
    assert (await flow.send(body))[0] == status
    assert (await flow.send(body))[1]["error"].endswith(".")


async def test_the_same_page_and_video_twice_are_one_job_however_they_are_spelled(
    flow: Flow, store: JobStore, page_id: str
) -> None:
    _, first = await flow.ask(page_id)

    again = await flow.ask(UUID(page_id).hex.upper(), youtube_url=" https://youtu.be/dQw4w9WgXcQ?si=x ")

    assert again == (200, first)
    assert len(await store.unfinished()) == 1


async def test_another_page_of_the_same_video_is_a_repost_with_a_page_of_its_own(
    flow: Flow, store: JobStore, notion_world: NotionWorld, routes: Routes, page_id: str
) -> None:
    pages = sorted([page_id, notion_world.add_page(routes.routes[0].database, {"Name": "once more"})])
    first, second = [(await flow.ask(page))[1]["task_id"] for page in pages]

    repost = await store.get(second)
    assert (repost.repost_of, repost.page_id) == (first, pages[1])


@pytest.mark.parametrize("end", ["failed", "cancelled"])
async def test_after_an_end_without_success_the_same_request_tries_again(
    flow: Flow, store: JobStore, page_id: str, end: str
) -> None:
    _, first = await flow.ask(page_id)
    job = await store.get(first["task_id"])
    await store.save(getattr(job, end)("no room", NOON))

    assert await flow.ask(page_id) == (202, first)
    assert (await store.get(job.id)).queued_at == NOON


async def test_a_success_is_not_done_again(flow: Flow, store: JobStore, page_id: str) -> None:
    _, first = await flow.ask(page_id)
    await store.save((await store.get(first["task_id"])).succeeded(NOON))

    assert await flow.ask(page_id) == (200, first | {"status": "succeeded"})


@pytest.mark.parametrize(("asked", "parent"), [("my-folder", "my-folder"), ("", "outlook-folder")])
async def test_the_flow_may_choose_the_drive_folder(
    flow: Flow, store: JobStore, page_id: str, asked: str, parent: str
) -> None:
    _, answer = await flow.ask(page_id, channel="🎙・market-outlook", parent_drive_folder_id=asked)

    assert (await store.get(answer["task_id"])).route.drive_folder == parent


async def test_the_page_may_be_in_another_database_than_the_channels_but_must_be_in_one(
    flow: Flow, store: JobStore, notion_world: NotionWorld, page_id: str
) -> None:
    _, answer = await flow.ask(page_id, channel="market-outlook")

    [source] = notion_world.data_sources(notion_world.workspace.page(page_id).source.database.id)
    assert (await store.get(answer["task_id"])).route.database == source


async def test_a_page_in_the_trash_is_refused(flow: Flow, notion_world: NotionWorld, page_id: str) -> None:
    notion_world.trash(page_id)

    status, answer = await flow.ask(page_id)

    assert (status, answer["field"]) == (422, "discord_entry_id")
    assert "trash" in answer["error"]


async def test_while_notion_is_down_the_page_is_taken_on_trust(
    flow: Flow, store: JobStore, notion_world: NotionWorld, routes: Routes, page_id: str
) -> None:
    notion_world.faults.append(Fault("GET", "^/v1/pages/", 503, body=BUSY))

    status, answer = await flow.ask(page_id)

    assert status == 202
    assert (await store.get(answer["task_id"])).route.database == routes.routes[0].database


async def test_a_task_tells_how_far_it_is(flow: Flow, store: JobStore, page_id: str) -> None:
    _, answer = await flow.ask(page_id)
    job = (await store.get(answer["task_id"])).entering(Stage.DOWNLOADING, NOON).progressed(0.25)
    await store.save(job)
    assert await flow.task(job.id) == (
        200,
        {
            "task_id": job.id,
            "status": "running",
            "stage": "Downloading",
            "progress": 0.25,
            "error": None,
            "page_url": job.origin.message_url,
        },
    )

    await store.save(job.failed("The video is private.", NOON))
    _, told = await flow.task(job.id)
    assert (told["status"], told["error"]) == ("failed", "The video is private.")


async def test_a_task_that_nobody_asked_for_here_is_not_told_of(flow: Flow, store: JobStore) -> None:
    of_a_message = a_job()
    await store.add(of_a_message)

    for task_id in (of_a_message.id, "nothing"):
        assert await flow.task(task_id) == (404, {"error": "There is no such task."})


async def test_other_addresses_and_methods_are_refused_as_json(flow: Flow) -> None:
    assert await flow.task("") == (404, {"error": "Not Found."})
    assert await flow.task("../webhook/process-video") == (405, {"error": "Method Not Allowed."})


async def test_a_port_that_is_taken_ends_the_start_with_a_sentence() -> None:
    async with Http("127.0.0.1", 0) as first:
        port = int(first.url.rpartition(":")[2])

        with pytest.raises(StartError, match=rf"^PORT={port} at HTTP_HOST=127.0.0.1 cannot be listened on: .*in use"):
            async with Http("127.0.0.1", port):
                pass
