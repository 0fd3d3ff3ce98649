"""Rules of trouble: what happens when others are down, slow, or asked for the same thing again."""

import asyncio
import shutil
from typing import Any

import pytest

from sandbox.demo.watch import until
from sandbox.media import clip
from sandbox.server import Fault
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.observing import STAGES, audited, folder_names, ledger, reactions, replies
from tests.page_bodies import toggles

DOWN: list[dict[str, Any]] = [
    {"status": 503, "body": {"object": "error", "status": 503, "code": "service_unavailable", "message": "Down."}},
    {"status": None},
    {
        "status": 429,
        "headers": {"Retry-After": "5"},
        "body": {"object": "error", "status": 429, "code": "rate_limited", "message": "Slow down."},
    },
    {"status": 529, "body": {"object": "error", "status": 529, "code": "overloaded", "message": "Overloaded."}},
]


def statuses(worlds: Worlds) -> dict[str, str]:
    """Return what each page says, by its message."""
    pages = [worlds.notion.page_values(page_id) for page_id in worlds.notion.pages(worlds.audit_database)]
    return {page["Message ID"]: page["Transcript Process Status"] for page in pages}


async def test_notion_down_for_twenty_seconds_in_the_middle_of_five_jobs(worlds: Worlds, start_bot: StartBot) -> None:
    video = clip(worlds.clips, "jfk.mp4").read_bytes()

    async with start_bot():
        posts = [worlds.discord.post("audit-process", files=[(f"{n}.mp4", video, "video/mp4")]) for n in range(5)]
        await until(worlds, lambda: "Downloading" in statuses(worlds).values(), within=30)
        for how in DOWN:
            for method in ("GET", "POST", "PATCH"):
                worlds.notion.faults.append(Fault(method, "^/v1/", times=10_000, **how))
            await asyncio.sleep(5)
            if how is DOWN[-1]:
                await until(worlds, lambda: all(job["artifacts"].get("stored") for job in ledger(worlds)), within=120)
            worlds.notion.faults.clear()
        await until(worlds, lambda: _are_true(worlds), within=10)
        await until(worlds, lambda: set(statuses(worlds).values()) == {"Complete"}, within=30)

    assert len(statuses(worlds)) == len(posts)


def _are_true(worlds: Worlds) -> bool:
    """Whether each page says where its job is; one whose last update is under way says so when all is there."""
    shown = statuses(worlds)
    return len(shown) == 5 and all(_is_true(shown[str(job["origin"]["message_id"])], job) for job in ledger(worlds))


def _is_true(shown: str, job: dict[str, Any]) -> bool:
    is_finishing = job["stage"] == "Complete" and job["status"] != "succeeded"
    return shown == ("Uploading to Drive" if is_finishing else job["stage"]) or (is_finishing and shown == "Complete")


@pytest.mark.defect("a repost stayed at Processing for ever")
async def test_a_repost_of_a_finished_video_is_answered_at_once_with_what_is_there(
    worlds: Worlds, start_bot: StartBot
) -> None:
    async with start_bot():
        first = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
        [first_page] = await audited(worlds, first)
        asked = len(worlds.site.exchanges)
        again = worlds.discord.post("audit-process", f"once more: https://www.youtube.com/watch?v={JFK}&t=3")
        pages = await audited(worlds, again)

    [second_page] = set(pages) - {first_page}
    assert len(worlds.site.exchanges) == asked
    assert worlds.notion.status_history(second_page) == ["Complete"]
    first_values, second_values = (worlds.notion.page_values(page) for page in (first_page, second_page))
    assert second_values["GoogleDriveFolderLink"] == first_values["GoogleDriveFolderLink"]
    assert second_values["Transcript"] == first_values["Transcript"]
    [(_, record)] = toggles(worlds.notion, second_page)
    assert any(text == "its page" and first_page.replace("-", "") in str(url) for text, url in record)
    assert reactions(worlds, again)[-1] == "✅"


async def test_a_bot_that_lost_its_ledger_answers_a_repost_from_notion(worlds: Worlds, start_bot: StartBot) -> None:
    async with start_bot():
        first = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
        [first_page] = await audited(worlds, first)
    shutil.rmtree(worlds.folder / "data")
    asked = len(worlds.site.exchanges)

    async with start_bot():
        again = worlds.discord.post("audit-process", f"https://www.youtube.com/watch?v={JFK}")
        [second_page] = set(await audited(worlds, again)) - {first_page}

    assert len(worlds.site.exchanges) == asked
    assert len(worlds.drive.files()) == 4
    old, new = (worlds.notion.page_values(page) for page in (first_page, second_page))
    assert (new["Transcript Process Status"], new["GoogleDriveFolderLink"]) == (
        "Complete",
        old["GoogleDriveFolderLink"],
    )
    assert reactions(worlds, again)[-1] == "✅"


async def test_a_repost_of_a_running_video_joins_it_and_ends_with_it(worlds: Worlds, start_bot: StartBot) -> None:
    worlds.site.bytes_per_second = 100_000
    async with start_bot():
        first = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
        await worlds.discord.until(lambda: "⬇️" in worlds.discord.reactions_on(first["id"]))
        again = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
        await audited(worlds, first)
        await audited(worlds, again)

    assert list(statuses(worlds).values()) == ["Complete", "Complete"]
    assert len(worlds.drive.files()) == 4
    assert len(replies(worlds, first)) == len(replies(worlds, again)) == 1


async def test_a_try_over_the_time_limit_is_ended_and_the_next_job_goes_on(worlds: Worlds, start_bot: StartBot) -> None:
    worlds.site.slow["/clips/jfk.mp4"] = 1000
    async with start_bot(JOB_TIME_LIMIT_S="20", MAX_ATTEMPTS="1", WORKERS="1"):
        slow = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
        video = clip(worlds.clips, "jfk.mp4").read_bytes()
        quick = worlds.discord.post("audit-process", files=[("talk.mp4", video, "video/mp4")])
        await audited(worlds, slow)
        await audited(worlds, quick)

    job_id = ledger(worlds)[0]["id"]
    page = worlds.notion.page_values(worlds.notion.pages(worlds.audit_database)[0])
    assert page["ProcessErrors"] == f"Error in video processing: Task {job_id} exceeded time limit"
    assert statuses(worlds)[quick["id"]] == "Complete"


@pytest.mark.defect("Notion said Error while a retry was under way")
async def test_while_a_retry_waits_notion_shows_the_stage_and_a_success_ends_it(
    worlds: Worlds, start_bot: StartBot
) -> None:
    video = clip(worlds.clips, "jfk.mp4").read_bytes()
    busy = Fault("GET", "^/attachments/", 503, headers={"Retry-After": "1"}, body={})
    worlds.discord.faults.append(busy)
    async with start_bot():
        message = worlds.discord.post("audit-process", files=[("talk.mp4", video, "video/mp4")])
        [page_id] = await audited(worlds, message)

    assert worlds.notion.status_history(page_id) == STAGES
    assert worlds.notion.page_values(page_id)["ProcessErrors"] == ""
    assert [run["error"] is not None for run in ledger(worlds)[0]["stage_runs"]].count(True) == 1


@pytest.mark.defect("a failure threw away the download and the transcript")
@pytest.mark.defect("every try made a new Drive folder")
async def test_a_failed_upload_is_tried_again_with_the_same_files_into_the_same_folder(
    worlds: Worlds, start_bot: StartBot
) -> None:
    body = {"error": {"code": 503, "message": "busy", "errors": [{"reason": "backendError", "message": "busy"}]}}
    worlds.drive.bytes_per_second = 100_000
    async with start_bot():
        message = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
        await until(worlds, lambda: bool(worlds.drive.tree()) and bool(folder_names(worlds)), within=30)
        busy = Fault("GET", "^/drive/v3/files$", 503, headers={"Retry-After": "1"}, body=body)
        worlds.drive.faults.append(busy)
        await audited(worlds, message)

    [job] = ledger(worlds)
    assert [run["stage"] for run in job["stage_runs"]] == [*STAGES[:4], "Uploading to Drive", "Complete"]
    assert busy.times == 0
    assert len(folder_names(worlds)) == 1
    assert len(worlds.drive.files()) == 4


@pytest.mark.defect("watch?v=X&list=Y fetched the playlist")
@pytest.mark.long
async def test_a_video_within_a_playlist_is_that_video_alone(worlds: Worlds, start_bot: StartBot) -> None:
    async with start_bot():
        message = worlds.discord.post("audit-process", f"https://www.youtube.com/watch?v={JFK}&list=PLsandbox")
        [page_id] = await audited(worlds, message)

    assert worlds.notion.page_values(page_id)["Video ID"] == JFK
    assert not [one for one in worlds.site.exchanges if "playlist" in one.path]
