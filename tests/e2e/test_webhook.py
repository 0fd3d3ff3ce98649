"""A flow that makes its own pages in Notion, and hands them in over HTTP."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from bot.start import StartError
from sandbox.demo.watch import until
from sandbox.discord.world import DiscordWorld
from sandbox.server import Fault
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import SLOW, STILL, moderator
from tests.e2e.observing import REACTIONS, STAGES, audited, drive_files, reactions, said

SECRET = "open-sesame"
LINK = f"https://youtu.be/{JFK}"

Answer = tuple[int, dict[str, Any]]
Json = dict[str, Any]


@pytest.fixture
def settings() -> dict[str, str]:
    """The HTTP side's settings, with a port that nobody uses."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return {"PORT": str(free.getsockname()[1]), "WEBHOOK_SECRET": SECRET}


class Flow:
    """What an n8n flow does: a page by its own hand, then an HTTP request with what it knows."""

    def __init__(self, worlds: Worlds, settings: dict[str, str]) -> None:
        self._worlds = worlds
        self._url = f"http://127.0.0.1:{settings['PORT']}"

    def makes_a_page(self, database: str | None = None) -> str:
        cells = {"Name": "New video", "Author": "n8n", "Content": "from the intake form"} if database is None else {}
        return self._worlds.notion.add_page(database or self._worlds.audit_database, cells)

    async def ask(self, page_id: str, url: str = LINK, channel: str = "audit-process", **more: str) -> Answer:
        body = {"discord_entry_id": page_id, "youtube_url": url, "channel": channel} | more
        async with (
            aiohttp.ClientSession(self._url, headers={"X-Webhook-Secret": SECRET}) as session,
            session.post("/webhook/process-video", json=body) as answer,
        ):
            return answer.status, await answer.json()

    async def task(self, task_id: str) -> Json:
        async with aiohttp.ClientSession(self._url) as session, session.get(f"/task/{task_id}") as answer:
            assert answer.status == 200
            told: Json = await answer.json()
            return told

    async def until(self, task_id: str, **states: str) -> list[Json]:
        """Return all different answers until one of them has these fields."""
        told: list[Json] = []
        async with asyncio.timeout(60):
            while not told or any(told[-1][key] != value for key, value in states.items()):
                await asyncio.sleep(0.05)
                if (now := await self.task(task_id)) not in told[-1:]:
                    told.append(now)
        return told


@pytest.fixture
def flow(worlds: Worlds, settings: dict[str, str]) -> Flow:
    return Flow(worlds, settings)


async def test_a_page_that_a_flow_made_ends_complete_and_the_task_tells_of_it_all_along(
    worlds: Worlds, start_bot: StartBot, settings: dict[str, str], flow: Flow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    page_id = flow.makes_a_page()
    async with start_bot(**settings):
        status, answer = await flow.ask(page_id)
        told = await flow.until(answer["task_id"], status="succeeded")

    assert (status, answer["status"]) == (202, "queued")
    assert worlds.notion.pages(worlds.audit_database) == [page_id]
    assert worlds.notion.status_history(page_id) == STAGES
    page = worlds.notion.page_values(page_id)
    assert (page["Name"], page["Video ID"]) == ("YouTube Video: The ok video", JFK)
    assert "country" in page["Transcript"]
    assert (page["Author"], page["Content"], page["Message ID"]) == ("n8n", "from the intake form", "")
    stages = list(dict.fromkeys(one["stage"] for one in told))
    assert stages[-1] == "Complete"
    assert "Transcribing" in stages
    assert page_id.replace("-", "") in told[-1]["page_url"]
    assert worlds.discord.messages("audit-process") == []
    assert not any(secret in caplog.text for secret in (SECRET, worlds.notion.token, worlds.discord.token))


async def test_in_another_channel_that_very_page_is_completed(
    worlds: Worlds, start_bot: StartBot, settings: dict[str, str], flow: Flow
) -> None:
    page_id = flow.makes_a_page(worlds.videos_database)
    async with start_bot(**settings):
        _, answer = await flow.ask(page_id, channel="market-outlook")
        await flow.until(answer["task_id"], status="succeeded")

    assert worlds.notion.pages(worlds.videos_database) == [page_id]
    assert worlds.notion.status_history(page_id) == ["complete"]
    assert worlds.notion.page_values(page_id)["Name"] == "2026-01-20 - The ok video"


async def test_a_page_of_the_message_database_is_completed_for_any_channel(
    worlds: Worlds, start_bot: StartBot, settings: dict[str, str], flow: Flow
) -> None:
    page_id = flow.makes_a_page()
    async with start_bot(**settings):
        _, answer = await flow.ask(page_id, channel="market-outlook")
        await flow.until(answer["task_id"], status="succeeded")

    assert worlds.notion.pages(worlds.videos_database) == []
    assert worlds.notion.page_values(page_id)["Transcript Process Status"] == "complete"


async def test_a_failure_is_told_on_the_page_and_by_the_task_and_can_be_tried_again(
    worlds: Worlds, start_bot: StartBot, settings: dict[str, str], flow: Flow
) -> None:
    page_id, url = flow.makes_a_page(), worlds.site.clip_url(STILL)
    worlds.site.faults.append(Fault("GET", "^/clips/", 404, times=100))
    async with start_bot(**settings):
        _, answer = await flow.ask(page_id, url)
        told = await flow.until(answer["task_id"], status="failed")
        await until(worlds, lambda: worlds.notion.status_history(page_id)[-1:] == ["Error"], 10)
        errors = worlds.notion.page_values(page_id)["ProcessErrors"]
        worlds.site.faults.clear()
        again = await flow.ask(page_id, url)
        await flow.until(answer["task_id"], status="succeeded")

    assert errors == f"Error in video processing: {told[-1]['error']}"
    assert again == (202, answer)
    assert worlds.notion.page_values(page_id)["Transcript Process Status"] == "Complete"
    assert worlds.notion.page_values(page_id)["ProcessErrors"] == ""


@pytest.mark.long
async def test_a_flow_and_a_post_of_the_same_video_share_the_work_and_have_a_page_each(
    worlds: Worlds, start_bot: StartBot, settings: dict[str, str], flow: Flow
) -> None:
    page_id = flow.makes_a_page()
    async with start_bot(**settings):
        _, answer = await flow.ask(page_id)
        message = worlds.discord.post("audit-process", LINK)
        await audited(worlds, message)
        await flow.until(answer["task_id"], status="succeeded")

    assert len(drive_files(worlds)) == len(worlds.drive.files()) == 4
    first, second = map(worlds.notion.page_values, worlds.notion.pages(worlds.audit_database))
    assert first["GoogleDriveFolderLink"] == second["GoogleDriveFolderLink"]
    assert reactions(worlds, message)[-1] == REACTIONS[-1]


async def test_those_who_see_the_channel_see_the_job_and_may_cancel_it(
    worlds: Worlds, start_bot: StartBot, settings: dict[str, str], flow: Flow
) -> None:
    worlds.site.slow["/clips/jfk.mp4"] = SLOW
    page_id = flow.makes_a_page()
    async with start_bot(**settings):
        _, answer = await flow.ask(page_id, worlds.site.clip_url("jfk.mp4"))
        await flow.until(answer["task_id"], stage="Downloading")
        shown = await worlds.discord.slash("status", user=moderator(worlds))
        story = await worlds.discord.slash("status", {"video": answer["task_id"]}, user=moderator(worlds))
        await worlds.discord.slash("cancel", {"video": answer["task_id"]}, user=moderator(worlds))
        told = await flow.until(answer["task_id"], status="cancelled")

    assert page_id.replace("-", "") in said(shown)
    assert "webhook" in said(story)
    assert "cancelled by Mo" in told[-1]["error"]


async def test_killed_in_the_middle_it_goes_on_with_the_same_page(
    worlds: Worlds, settings: dict[str, str], flow: Flow
) -> None:
    worlds.site.bytes_per_second = 100_000
    process = BotProcess(worlds, settings | {"LOG_LEVEL": "DEBUG"})
    page_id = flow.makes_a_page()
    async with _running(process, worlds.discord):
        _, answer = await flow.ask(page_id)
        await flow.until(answer["task_id"], stage="Downloading")
        await process.kill()
    async with _running(process, worlds.discord):
        await flow.until(answer["task_id"], status="succeeded")
        assert await flow.ask(page_id) == (200, answer | {"status": "succeeded"})
        assert await process.stop() == 0

    assert worlds.notion.pages(worlds.audit_database) == [page_id]
    assert worlds.notion.page_values(page_id)["Transcript Process Status"] == "Complete"
    assert SECRET not in process.log.read_text()


async def test_a_secret_without_a_port_is_said(start_bot: StartBot, caplog: pytest.LogCaptureFixture) -> None:
    async with start_bot(WEBHOOK_SECRET=SECRET):
        pass

    assert "WEBHOOK_SECRET is set, but PORT is not" in caplog.text
    assert SECRET not in caplog.text


async def test_a_port_that_is_taken_ends_the_start(start_bot: StartBot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(StartError, match=r"^PORT="):
        async with start_bot(PORT=str(taken.getsockname()[1])):
            pass


async def test_without_a_secret_there_is_no_webhook(start_bot: StartBot, settings: dict[str, str], flow: Flow) -> None:
    async with start_bot(PORT=settings["PORT"]):
        assert await flow.ask(flow.makes_a_page()) == (404, {"error": "Not Found."})


@asynccontextmanager
async def _running(process: BotProcess, discord: DiscordWorld) -> AsyncIterator[None]:
    await process.start()
    try:
        await discord.until(lambda: discord.connected)
        yield
    finally:
        await process.kill()
        await process.bury()
