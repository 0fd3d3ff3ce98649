"""What was posted while nobody listened, and what was under way when the disk was emptied, end to end."""

import asyncio
import shutil
from typing import Any

import pytest

from sandbox.demo.watch import until
from sandbox.server import Exchange
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.observing import audited, drive_files, replies

ERROR_PREFIX = "Error in video processing: "
STATUS = "Transcript Process Status"


def pages(worlds: Worlds) -> list[dict[str, Any]]:
    return [worlds.notion.page_values(page_id) for page_id in worlds.notion.pages(worlds.audit_database)]


def statuses(worlds: Worlds) -> list[tuple[str, str]]:
    """Return each page's message and status."""
    return sorted((page["Message ID"], page[STATUS]) for page in pages(worlds))


def histories(worlds: Worlds) -> list[Exchange]:
    path = f"/channels/{worlds.discord.channel_id('audit-process')}/messages"
    return [one for one in worlds.discord.exchanges if one.method == "GET" and one.path.endswith(path)]


@pytest.mark.long
async def test_of_120_messages_posted_while_the_bot_was_off_all_7_links_are_done_once(
    worlds: Worlds, start_bot: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.client")
    async with start_bot():
        await worlds.discord.until(lambda: bool(histories(worlds)))
        while "connected as" not in caplog.text:  # the library forgets a task that ends with an earlier close
            await asyncio.sleep(0.05)
    links = [
        f"https://youtu.be/{JFK}",
        "https://youtu.be/private____",
        worlds.site.clip_url("silence.mp4"),
        f"{worlds.site.url}/status/404",
        worlds.site.clip_url("jfk.webm"),
        "https://youtu.be/nosuchvideo",
        f"{worlds.site.url}/status/410",
    ]
    texts = [links[number // 18] if number % 18 == 9 else f"message {number}" for number in range(120)]
    posts = [worlds.discord.post("audit-process", text) for text in texts]
    linked = [message for message in posts if "http" in message["content"]]

    async with start_bot():
        for message in linked:
            await audited(worlds, message)

    ends = ["Complete", "Error", "Complete", "Error", "Complete", "Error", "Error"]
    assert statuses(worlds) == sorted(zip((message["id"] for message in linked), ends, strict=True))
    assert [len(replies(worlds, message)) for message in linked] == [1] * 7
    assert len(worlds.drive.files()) == 3 * 4


async def test_what_was_posted_while_a_session_was_lost_for_good_is_done_once(
    worlds: Worlds, start_bot: StartBot
) -> None:
    async with start_bot():
        before = worlds.discord.post("audit-process", "https://youtu.be/private____")
        await audited(worlds, before)
        worlds.discord.drop_gateway(resumable=False)
        meanwhile = worlds.discord.post("audit-process", worlds.site.clip_url("silence.mp4"))
        also = worlds.discord.post("audit-process", f"{worlds.site.url}/status/404")
        await until(worlds, lambda: worlds.discord.connected, within=20)
        after = worlds.discord.post("audit-process", f"{worlds.site.url}/status/410")
        for message in (meanwhile, also, after):
            await audited(worlds, message)

    posts = [message["id"] for message in (before, meanwhile, also, after)]
    assert statuses(worlds) == list(zip(posts, ["Error", "Complete", "Error", "Error"], strict=True))


async def test_an_unfinished_page_ends_even_when_the_disk_was_emptied(worlds: Worlds, start_bot: StartBot) -> None:
    worlds.site.slow["/clips/jfk.mp4"] = 10_000
    async with start_bot():
        done = worlds.discord.post("audit-process", f"{worlds.site.url}/status/404")
        await audited(worlds, done)
        message = worlds.discord.post(
            "audit-process", f"{worlds.site.clip_url('jfk.mp4')} <{worlds.site.url}/status/410>"
        )
        await until(worlds, lambda: min(str(page[STATUS]) for page in pages(worlds)) == "Downloading", within=30)
        await until(worlds, lambda: any("Failed" in reply for reply in replies(worlds, message)), within=30)
    shutil.rmtree(worlds.folder / "data")
    worlds.site.slow.clear()
    asked = len(worlds.site.exchanges)

    async with start_bot():
        await audited(worlds, message, count=2)

    expected = [(done["id"], "Error"), (message["id"], "Complete"), (message["id"], "Error")]
    assert statuses(worlds) == expected
    assert len(replies(worlds, done)) == 1
    assert sorted(drive_files(worlds)) == ["audio.m4a", "transcript.srt", "transcript.txt", "video.mp4"]
    assert not [one for one in worlds.site.exchanges[asked:] if "/status/" in one.path]


async def test_an_unfinished_page_whose_message_is_gone_or_says_something_else_ends_as_cancelled(
    worlds: Worlds, start_bot: StartBot
) -> None:
    gone, edited = (worlds.discord.post("audit-process", f"https://youtu.be/{JFK}") for _ in range(2))
    for message in (gone, edited):
        url = f"https://discord.com/channels/{worlds.discord.guild_id}/{message['channel_id']}/{message['id']}"
        cells = {"Message ID": message["id"], "Message URL": url, "Video ID": JFK, STATUS: "Transcribing"}
        worlds.notion.add_page(worlds.audit_database, cells)
    worlds.discord.delete(gone["id"])
    worlds.discord.edit(edited["id"], "never mind")

    async with start_bot():
        await until(worlds, lambda: {page[STATUS] for page in pages(worlds)} == {"Error"}, within=20)

    assert [page["ProcessErrors"] for page in pages(worlds)] == [
        f"{ERROR_PREFIX}cancelled by the deletion of its message",
        f"{ERROR_PREFIX}cancelled by an edit of its message",
    ]


async def test_a_deleted_message_cancels_the_job_that_waits_and_not_the_one_that_runs(
    worlds: Worlds, start_bot: StartBot
) -> None:
    worlds.site.slow["/clips/jfk.mp4"] = 5_000
    async with start_bot(WORKERS="1"):
        running = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
        await worlds.discord.until(lambda: "⬇️" in worlds.discord.reactions_on(running["id"]))
        waiting = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
        await until(worlds, lambda: len(pages(worlds)) == 2, within=10)
        for message in (running, waiting):
            worlds.discord.delete(message["id"])
        await until(worlds, lambda: "Error" in dict(statuses(worlds)).values(), within=10)

    assert statuses(worlds) == [(running["id"], "Downloading"), (waiting["id"], "Error")]
    assert pages(worlds)[1]["ProcessErrors"] == f"{ERROR_PREFIX}cancelled by the deletion of its message"
