"""Rules of a Drive that a person must mend: one alert with the remedy, and every video goes on by itself afterwards."""

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.demo.watch import until
from sandbox.media import clip
from sandbox.server import Fault
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.observing import audited, card_shows, drive_files, folder_names, ledger, seen

FILES = ["audio.m4a", "transcript.srt", "transcript.txt", "video.mp4"]


def alerts(worlds: Worlds) -> list[str]:
    """Return what the channel was told beside the cards."""
    messages = worlds.discord.messages(worlds.discord.channel_id("audit-process"))
    return [seen(message) for message in messages if message["content"].startswith("⚠️")]


def use_up(worlds: Worlds) -> None:
    worlds.drive.shelf.quota_bytes = 1000


def free_some(worlds: Worlds) -> None:
    worlds.drive.shelf.quota_bytes = 2**30


def revoke(worlds: Worlds) -> None:
    worlds.drive.revoke()


def log_in_again(worlds: Worlds) -> None:
    worlds.drive.consent_again()
    worlds.drive.write_token_file(worlds.folder / "google-token.json")


def refuse_tokens(worlds: Worlds) -> None:
    """Let Google hand out tokens that its Drive then does not accept."""
    body = {"error": {"code": 401, "message": "Invalid Credentials", "errors": [{"reason": "authError"}]}}
    worlds.drive.faults += [Fault(method, "/drive/v3/", 401, body=body, times=10_000) for method in ("GET", "POST")]


def accept_tokens(worlds: Worlds) -> None:
    worlds.drive.faults.clear()


@pytest.mark.parametrize(
    ("break_it", "mend_it", "remedy"),
    [
        (use_up, free_some, "Google Drive is full: free some space"),
        (revoke, log_in_again, "run `python -m bot drive-login` again"),
        pytest.param(refuse_tokens, accept_tokens, "run `python -m bot drive-login` again", marks=pytest.mark.long),
    ],
)
async def test_trouble_that_a_person_must_mend_is_told_once_and_ends_by_itself(
    worlds: Worlds,
    start_bot: StartBot,
    break_it: Callable[[Worlds], None],
    mend_it: Callable[[Worlds], None],
    remedy: str,
) -> None:
    break_it(worlds)
    video = clip(worlds.clips, "jfk.mp4").read_bytes()
    async with start_bot(OPERATOR_RETRY_S="1"):
        posts = [worlds.discord.post("audit-process", files=[(f"{n}.mp4", video, "video/mp4")]) for n in range(2)]
        for post in posts:
            await card_shows(worlds, post, "goes on by itself once Google Drive is mended", within=60)
        tried = len(worlds.drive.exchanges)
        await until(worlds, lambda: len(worlds.drive.exchanges) > tried + 2, within=30)  # it is looked at again
        assert drive_files(worlds) == {}
        mend_it(worlds)
        for post in posts:
            await audited(worlds, post)

    [alert] = alerts(worlds)
    assert remedy in alert
    assert "go on by themselves" in alert
    assert {job["status"] for job in ledger(worlds)} == {"succeeded"}
    assert len(folder_names(worlds)) == 2
    [root] = worlds.drive.tree()
    assert [sorted(file["name"] for file in folder["children"]) for folder in root["children"]] == [FILES, FILES]
    assert worlds.drive.permissions() == []


def busy(status: int, reason: str) -> dict[str, Any]:
    body = {"error": {"code": status, "message": "Slow down.", "errors": [{"reason": reason, "message": "Slow down."}]}}
    return {"status": status, "body": body, "headers": {"Retry-After": "1"}}


async def test_rate_limits_are_waited_for(worlds: Worlds, start_bot: StartBot) -> None:
    limits = [
        Fault("GET", "^/drive/v3/files$", **busy(403, "userRateLimitExceeded")),
        Fault("POST", "^/drive/v3/files$", **busy(403, "rateLimitExceeded")),
        Fault("PUT", "^/upload", **busy(429, "rateLimitExceeded")),
    ]
    worlds.drive.faults += limits
    async with start_bot():
        message = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
        [page_id] = await audited(worlds, message)

    assert [limit.times for limit in limits] == [0, 0, 0]
    assert worlds.notion.page_values(page_id)["Transcript Process Status"] == "Complete"
    assert sorted(drive_files(worlds)) == FILES
    assert len(folder_names(worlds)) == 1
    assert alerts(worlds) == []
