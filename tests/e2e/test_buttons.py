"""The buttons below a card: pressed by those who may and those who may not, before and after a restart of the bot."""

import asyncio
import re

import aiohttp
import pytest

from sandbox.demo.watch import until
from sandbox.server import Fault
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import bystander, moderator, post_endless, post_file, press
from tests.e2e.observing import (
    audited,
    buttons,
    card,
    card_shows,
    drive_files,
    folder_names,
    is_private,
    ledger,
    pages_of,
    said,
    seen,
)

STATUS = "Transcript Process Status"
RESTARTED = pytest.mark.parametrize(
    "restarted", [pytest.param(False, marks=pytest.mark.long), True], ids=["same process", "after a restart"]
)
SELDOM_RESTARTED = pytest.mark.parametrize(
    "restarted", [False, pytest.param(True, marks=pytest.mark.long)], ids=["same process", "after a restart"]
)
FULL = {"error": {"code": 400, "message": "Bad Request", "errors": [{"reason": "badRequest", "message": "Bad"}]}}


async def download(url: str) -> str:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return await response.text()


@SELDOM_RESTARTED
@pytest.mark.parametrize("who", ["the poster", "a moderator"])
async def test_cancel_ends_a_running_job(worlds: Worlds, start_bot: StartBot, who: str, *, restarted: bool) -> None:
    asker = moderator(worlds) if who == "a moderator" else worlds.discord.poster
    async with start_bot():
        message = post_endless(worlds)
        await card_shows(worlds, message, "Downloading")
        if not restarted:
            answer = await press(worlds, message, "Cancel", asker)
            shown = await card_shows(worlds, message, "Cancelled")
    if restarted:
        async with start_bot():
            answer = await press(worlds, message, "Cancel", asker)
            shown = await card_shows(worlds, message, "Cancelled")

    assert is_private(answer)
    assert said(answer) == "jfk: cancelled."
    [page] = pages_of(worlds, message)
    reason = f"cancelled by {asker['global_name'] or asker['username']}"
    assert (page[STATUS], page["ProcessErrors"]) == ("Error", f"Error in video processing: {reason}")
    assert reason in seen(shown).lower().replace(reason.lower(), reason)
    assert list(worlds.discord.reactions_on(message["id"])) == ["❌"]
    assert list(buttons(shown)) == ["Retry"]
    assert list((worlds.folder / "data" / "work").iterdir()) == []


@pytest.mark.usefixtures("bot")
async def test_who_is_neither_poster_nor_moderator_is_told_so_and_the_job_goes_on(worlds: Worlds) -> None:
    somebody = bystander(worlds)
    failed = worlds.discord.post("audit-process", "https://youtu.be/private____")
    running = post_endless(worlds)
    await card_shows(worlds, running, "Downloading")
    await card_shows(worlds, failed, "Failed")

    answers = [await press(worlds, running, "Cancel", somebody), await press(worlds, failed, "Retry", somebody)]

    for answer in answers:
        assert is_private(answer)
        assert said(answer).startswith("Only the poster, and those who may manage messages")
    assert [job["status"] for job in ledger(worlds)] == ["failed", "running"]


@RESTARTED
async def test_retry_after_the_cause_was_mended_ends_well_on_the_same_page_and_card(
    worlds: Worlds, start_bot: StartBot, *, restarted: bool
) -> None:
    async with start_bot():
        message = worlds.discord.post("audit-process", "https://youtu.be/private____")
        before = await card_shows(worlds, message, "Failed")
        await until(worlds, lambda: [page[STATUS] for page in pages_of(worlds, message)] == ["Error"], within=10)
        worlds.site.add_youtube("private____", title="Public now")
        if not restarted:
            answer = await press(worlds, message, "Retry")
            shown = await card_shows(worlds, message, "✅ Complete")
    if restarted:
        async with start_bot():
            answer = await press(worlds, message, "Retry")
            shown = await card_shows(worlds, message, "✅ Complete")

    assert is_private(answer)
    assert said(answer).endswith("tried again.")
    assert shown["id"] == before["id"]
    [page] = pages_of(worlds, message)
    assert (page[STATUS], page["ProcessErrors"]) == ("Complete", "")
    await until(worlds, lambda: list(worlds.discord.reactions_on(message["id"])) == ["✅"], within=10)
    assert folder_names(worlds) == ["2026-01-20 - Public now"]


@pytest.mark.usefixtures("bot")
async def test_a_retry_keeps_what_is_done(worlds: Worlds) -> None:
    refusal = Fault("POST", "^/upload", 400, body=FULL, times=100)
    worlds.drive.faults.append(refusal)
    message = post_file(worlds, "jfk.mp4")
    await card_shows(worlds, message, "Failed while Uploading to Drive")
    worlds.drive.faults.clear()

    await press(worlds, message, "Retry")
    await card_shows(worlds, message, "✅ Complete")

    [job] = ledger(worlds)
    done = [run["stage"] for run in job["stage_runs"] if run["error"] is None]
    assert done.count("Transcribing") == 1
    assert len(folder_names(worlds)) == 1
    assert len(worlds.drive.files()) == 4


@pytest.mark.usefixtures("bot")
async def test_of_two_who_press_retry_at_once_one_is_too_late(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", "https://youtu.be/private____")
    shown = await card_shows(worlds, message, "Failed")
    worlds.site.add_youtube("private____", title="Public now", clip="jfk")

    retry = buttons(shown)["Retry"]
    both = await asyncio.gather(*(worlds.discord.press(shown["id"], retry) for _ in range(2)))
    await card_shows(worlds, message, "✅ Complete")

    assert sorted(re.sub("^.*: ", "", said(answer)) for answer in both) == [
        "it neither failed nor was cancelled.",
        "tried again.",
    ]
    assert len(pages_of(worlds, message)) == 1
    assert len(worlds.drive.files()) == 4


@SELDOM_RESTARTED
async def test_transcript_sends_text_and_subtitles_to_whoever_sees_the_card(
    worlds: Worlds, start_bot: StartBot, *, restarted: bool
) -> None:
    somebody = bystander(worlds)
    async with start_bot():
        message = post_file(worlds, "jfk.mp4", called="the talk.mp4")
        await audited(worlds, message)
        if not restarted:
            answer = await press(worlds, message, "Transcript", somebody)
    if restarted:
        async with start_bot():
            answer = await press(worlds, message, "Transcript", somebody)

    assert is_private(answer)
    files = {file["filename"]: await download(file["url"]) for file in answer.messages[0]["attachments"]}
    assert sorted(files) == ["the_talk.srt", "the_talk.txt"]
    stored = drive_files(worlds)
    for ending in ("txt", "srt"):
        in_drive = worlds.drive.content(stored[f"transcript.{ending}"]["id"])
        assert files[f"the_talk.{ending}"].strip() == in_drive.decode().strip()


@pytest.mark.usefixtures("bot")
async def test_cancel_of_a_job_that_has_just_ended_says_so_and_changes_nothing(worlds: Worlds) -> None:
    outdated = Fault("PATCH", r"/channels/\d+/messages/", 503, times=1000, body={})
    worlds.discord.faults.append(outdated)
    message = post_file(worlds)
    await until(worlds, lambda: "✅" in worlds.discord.reactions_on(message["id"]), within=30)

    answer = await press(worlds, message, "Cancel")
    worlds.discord.faults.remove(outdated)

    assert said(answer) == "silence: it has ended already."
    await audited(worlds, message)
    assert "✅ Complete" in seen(card(worlds, message))
