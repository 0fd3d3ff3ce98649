"""/retry, /cancel and /reprocess: which job is meant, who may, what comes of it; and that every answer is in time."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress

import pytest

from sandbox.demo.watch import until
from sandbox.server import Fault
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import SLOW, bystander, moderator, post_endless, post_file, press
from tests.e2e.observing import (
    STAGES,
    Json,
    audited,
    card,
    card_shows,
    cards,
    drive_files,
    folder_names,
    is_private,
    job_id,
    ledger,
    pages_of,
    said,
    seen,
)

STATUS = "Transcript Process Status"
NAMES = [pytest.param("id", marks=pytest.mark.long), pytest.param("link", marks=pytest.mark.long), "message link"]


def name_of(worlds: Worlds, message: Json, how: str) -> str:
    """Return what a person may type to mean the video of a message."""
    match how:
        case "id":
            return job_id(worlds, message)
        case "link":
            return str(message["content"])
        case _:
            return f"https://discord.com/channels/{worlds.discord.guild_id}/{message['channel_id']}/{message['id']}"


async def ask(worlds: Worlds, command: str, video: str, user: Json | None = None) -> str:
    answer = await worlds.discord.slash(command, {"video": video}, user=user)
    assert is_private(answer)
    return said(answer)


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("how", NAMES)
async def test_a_video_is_cancelled_and_tried_again_by_any_of_its_names(worlds: Worlds, how: str) -> None:
    message = post_endless(worlds)
    await card_shows(worlds, message, "Downloading")
    name = name_of(worlds, message, how)

    assert await ask(worlds, "cancel", name) == "jfk: cancelled."
    await card_shows(worlds, message, "Cancelled")
    assert await ask(worlds, "cancel", name) == "jfk: it has ended already."
    worlds.site.slow.clear()
    assert await ask(worlds, "retry", name) == "jfk: tried again."
    assert await ask(worlds, "retry", name) == "jfk: it neither failed nor was cancelled."
    assert await ask(worlds, "reprocess", name) == "jfk: it is on its way: cancel it first."

    await card_shows(worlds, message, "✅ Complete")
    [page] = pages_of(worlds, message)
    assert (page[STATUS], page["ProcessErrors"]) == ("Complete", "")


@pytest.mark.usefixtures("bot")
async def test_a_bystander_is_refused_and_a_moderator_is_not(worlds: Worlds) -> None:
    somebody, boss = bystander(worlds), moderator(worlds)
    failed = worlds.discord.post("audit-process", "https://youtu.be/private____")
    running = post_endless(worlds)
    await card_shows(worlds, running, "Downloading")
    await card_shows(worlds, failed, "Failed")
    deeds = [("cancel", running["id"]), ("retry", failed["id"]), ("reprocess", failed["id"])]

    refused = [await ask(worlds, command, video, somebody) for command, video in deeds]
    statuses = [job["status"] for job in ledger(worlds)]
    allowed = [await ask(worlds, command, video, boss) for command, video in deeds[:2]]

    assert all(answer.startswith("Only the poster") for answer in refused)
    assert statuses == ["failed", "running"]
    assert [answer.rpartition(": ")[2] for answer in allowed] == ["cancelled.", "tried again."]


@pytest.mark.usefixtures("bot")
@pytest.mark.parametrize("command", ["cancel", "retry", "reprocess", "status"])
@pytest.mark.parametrize(
    "name", ["no such thing", "https://youtu.be/never_posted", "1-0123456789", "@everyone", "9" * 19]
)
async def test_what_names_no_video_is_answered_with_how_to_name_one(worlds: Worlds, command: str, name: str) -> None:
    assert (await ask(worlds, command, name)).startswith("No such video here: choose one from the list")


async def test_only_jobs_that_fit_are_offered_by_what_was_typed(worlds: Worlds, start_bot: StartBot) -> None:
    async with start_bot(WORKERS="1"):
        done, failed = (
            post_file(worlds, called="stand-up.mp4"),
            worlds.discord.post("audit-process", "youtu.be/private____"),
        )
        failed = worlds.discord.post("audit-process", "https://youtu.be/private____")
        await card_shows(worlds, failed, "Failed")
        running, waiting = post_endless(worlds), post_file(worlds, called="later.mp4")
        await card_shows(worlds, running, "Downloading")
        await card_shows(worlds, waiting, "in line")
        ids = {job_id(worlds, one): name for one, name in zip((done, failed, running, waiting), "dfrw", strict=True)}

        async def offered(command: str, typed: str = "") -> str:
            answer = await worlds.discord.autocomplete(command, "video", typed)
            return " ".join(ids.get(choice["value"], "all") for choice in answer.choices)

        assert await offered("status") == "w r f d"
        assert await offered("cancel") == "w r"
        assert await offered("retry") == "all f"
        assert await offered("reprocess") == "f d"
        assert await offered("status", "STAND") == "d"
        assert await offered("retry", "private") == "f"
        assert await offered("retry", "stand") == ""


async def test_retry_all_after_an_outage_takes_up_what_may_now_end_well_and_is_the_askers_to_steer(
    worlds: Worlds, start_bot: StartBot
) -> None:
    other = worlds.discord.add_member("Ada")
    boss = moderator(worlds)
    outage = Fault("GET", "^/attachments/", 503, times=1000, body={})
    worlds.discord.faults.append(outage)
    async with start_bot(MAX_ATTEMPTS="1"):
        posts = [
            post_file(worlds),
            post_file(worlds, author=other),
            worlds.discord.post("audit-process", "https://youtu.be/private____"),
        ]
        for message in posts:
            await card_shows(worlds, message, "Failed")
        worlds.discord.faults.remove(outage)

        assert (await ask(worlds, "retry", "all", bystander(worlds))).startswith("None of the videos")
        assert await ask(worlds, "retry", "all") == "1 video is tried again."
        await card_shows(worlds, posts[0], "✅ Complete")
        assert [job["status"] for job in ledger(worlds)] == ["succeeded", "failed", "failed"]
        assert await ask(worlds, "retry", "ALL ", boss) == "1 video is tried again."
        await card_shows(worlds, posts[1], "✅ Complete")

    assert [job["status"] for job in ledger(worlds)] == ["succeeded", "succeeded", "failed"]


@pytest.mark.usefixtures("bot")
async def test_reprocess_does_it_anew_on_the_same_page_and_card_with_files_in_place_of_the_old(worlds: Worlds) -> None:
    message = post_file(worlds)
    [page_id] = await audited(worlds, message)
    before, shown = drive_files(worlds), card(worlds, message)
    history = worlds.notion.status_history(page_id)

    assert await ask(worlds, "reprocess", message["id"]) == "silence: done anew."
    await until(worlds, lambda: worlds.notion.status_history(page_id)[len(history) :] == STAGES, within=30)
    await audited(worlds, message)

    assert card(worlds, message)["id"] == shown["id"]
    assert len(folder_names(worlds)) == 1
    assert len(worlds.drive.files()) == len(before)
    assert drive_files(worlds).keys() == before.keys()
    [job] = ledger(worlds)
    assert [run["stage"] for run in job["stage_runs"]] == STAGES * 2


@pytest.mark.usefixtures("bot")
@pytest.mark.long
async def test_reprocess_of_a_repost_does_the_work_itself(worlds: Worlds) -> None:
    first, again = (worlds.discord.post("audit-process", worlds.site.clip_url("silence.mp4")) for _ in range(2))
    for message in (first, again):
        await audited(worlds, message)
    asked = len(worlds.site.exchanges)

    await ask(worlds, "reprocess", again["id"])
    await until(worlds, lambda: len(worlds.drive.files()) == 2 * len(drive_files(worlds)), within=30)
    await audited(worlds, again)

    assert len(worlds.site.exchanges) > asked
    [first_page], [second_page] = pages_of(worlds, first), pages_of(worlds, again)
    assert first_page["GoogleDriveFolderLink"] != second_page["GoogleDriveFolderLink"]
    assert "was posted before" not in seen(card(worlds, again))
    assert [len(cards(worlds, message)) for message in (first, again)] == [1, 1]


@pytest.mark.usefixtures("bot")
async def test_the_doctor_answers_those_who_may_manage_the_server_and_nobody_else(worlds: Worlds) -> None:
    refused = await worlds.discord.slash("doctor", user=moderator(worlds))
    allowed = await worlds.discord.slash("doctor", user=worlds.discord.owner)
    await until(worlds, lambda: "Ledger" in said(allowed), within=20)

    assert is_private(refused)
    assert is_private(allowed)
    assert said(refused) == "Only those who may manage this server can ask the doctor."
    assert "Discord:" in said(allowed)


async def test_commands_are_sent_to_discord_only_when_they_have_changed(
    worlds: Worlds, start_bot: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot.client")
    for start in (1, 2):
        async with start_bot():
            while (
                caplog.text.count("connected as") < start
            ):  # the library forgets a task that ends with an earlier close
                await asyncio.sleep(0.05)

    sent = [one for one in worlds.discord.exchanges if one.method == "PUT" and one.path.endswith("/commands")]

    assert len(sent) == 1


@asynccontextmanager
async def locked_ledger(worlds: Worlds, for_s: float) -> AsyncIterator[None]:
    """Hold the ledger's write lock, as a backup or a person's shell may do."""
    file = worlds.folder / "data" / "auditscribe.db"
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        while not connection.in_transaction:  # the bot may be writing, in this very loop
            with suppress(sqlite3.OperationalError):
                connection.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(for_s, connection.rollback)
        yield
        while connection.in_transaction:
            await asyncio.sleep(0.05)


@pytest.mark.sqlite
@pytest.mark.usefixtures("bot")
async def test_while_the_ledger_is_locked_every_question_is_taken_in_time_and_answered_in_the_end(
    worlds: Worlds,
) -> None:
    failed = worlds.discord.post("audit-process", "https://youtu.be/private____")
    running = post_endless(worlds)
    await card_shows(worlds, running, "Downloading")
    await card_shows(worlds, failed, "Failed")
    elsewhere = post_file(worlds, channel="general")
    worlds.site.add_youtube("private____", title="Public now")

    async with locked_ledger(worlds, for_s=5):
        offered, status, cancelled, retried, taken = await asyncio.gather(
            worlds.discord.autocomplete("retry", "video", ""),
            worlds.discord.slash("status"),
            press(worlds, running, "Cancel"),
            press(worlds, failed, "Retry"),
            worlds.discord.message_command("Transcribe this", elsewhere["id"]),
        )

    assert len(offered.choices) == 2
    assert "Running (1)" in said(status)
    assert said(cancelled) == "jfk: cancelled."
    assert said(retried).endswith("tried again.")
    assert said(taken) == "silence.mp4: taken, its card follows."
    await card_shows(worlds, running, "Cancelled")
    await card_shows(worlds, failed, "✅ Complete")


async def test_a_slow_discord_keeps_no_question_without_an_answer(worlds: Worlds, start_bot: StartBot) -> None:
    worlds.site.slow["/clips/jfk.mp4"] = SLOW
    thread = worlds.discord.add_thread("audit-process", "the talk")
    async with start_bot():
        message = worlds.discord.post(thread, worlds.site.clip_url("jfk.mp4"))
        await card_shows(worlds, message, "Downloading")
    worlds.discord.archive(thread)  # such a thread's permissions must be asked for
    async with start_bot():
        name = worlds.discord.store.channels[thread]
        slow = Fault("GET", f"/channels/{thread}$", 200, body=name, delay=4, times=10)
        worlds.discord.faults.append(slow)

        offered = await worlds.discord.autocomplete("status", "video", "", channel="general")
        answer = await worlds.discord.slash("status", channel="general")

    assert slow.times < 10
    assert offered.choices == []
    assert "Running (1)" in said(answer)
