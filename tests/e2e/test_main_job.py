"""The main job, end to end: a posted video becomes a page, a transcript and files."""

import hashlib

import pytest

from sandbox.media import SPEECH, clip, words
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.observing import REACTIONS, STAGES, audited, drive_files, folder_names, reactions, replies

pytestmark = pytest.mark.usefixtures("bot")


def recall(transcript: str, spoken: str) -> float:
    heard, said = (
        ["".join(filter(str.isalnum, word.casefold())) for word in text.split()] for text in (transcript, spoken)
    )
    return sum(word in heard for word in said) / len(said)


async def test_a_youtube_link(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", f"please audit https://youtu.be/{JFK}?si=x")

    [page_id] = await audited(worlds, message)

    assert worlds.notion.status_history(page_id) == STAGES
    assert reactions(worlds, message) == REACTIONS
    assert list(worlds.discord.reactions_on(message["id"])) == ["✅"]
    page = worlds.notion.page_values(page_id)
    assert page["Name"] == "YouTube Video: The ok video"
    assert (page["URL"], page["Video ID"]) == (f"https://www.youtube.com/watch?v={JFK}", JFK)
    assert (page["Author"], page["Channel"], page["Message ID"]) == ("Vera", "audit-process", message["id"])
    assert page["YouTube Channel"] == "The Sandbox Channel"
    assert page["Video Date and time"].startswith("2026-01-20T17:00")
    assert page["Lenght min"] == pytest.approx(11 / 60, abs=0.02)
    assert page["Processing time"] > 0
    assert page["ProcessErrors"] == ""
    assert recall(page["Transcript"], words("jfk")) >= 0.9
    assert folder_names(worlds) == ["2026-01-20 - The ok video"]
    files = drive_files(worlds)
    assert sorted(files) == ["audio.m4a", "transcript.srt", "transcript.txt", "video.mp4"]
    for name, file in files.items():
        assert file["md5"] == hashlib.md5(worlds.drive.content(file["id"]), usedforsecurity=False).hexdigest(), name
    assert worlds.drive.content(files["transcript.txt"]["id"]).decode().strip() == page["Transcript"]
    assert worlds.drive.permissions() == []


async def test_an_attachment(worlds: Worlds) -> None:
    video = clip(worlds.clips, "jfk.mp4").read_bytes()
    message = worlds.discord.post("audit-process", "the talk", files=[("talk.mp4", video, "video/mp4")])

    [page_id] = await audited(worlds, message)

    assert worlds.notion.status_history(page_id) == STAGES
    page = worlds.notion.page_values(page_id)
    assert page["Name"] == "YouTube Video: talk"
    assert page["URL"] == page["Message URL"]
    assert page["Video ID"] == message["attachments"][0]["id"]
    assert recall(page["Transcript"], words("jfk")) >= 0.9
    stored = drive_files(worlds)["video.mp4"]
    assert worlds.drive.content(stored["id"]) == video


async def test_a_page_of_another_site_with_a_video_in_it(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", f"[look]({worlds.site.url}/page/jfk.webm)")

    [page_id] = await audited(worlds, message)

    assert worlds.notion.status_history(page_id) == STAGES
    page = worlds.notion.page_values(page_id)
    assert page["Video ID"] == f"{worlds.site.url}/page/jfk.webm"
    assert recall(page["Transcript"], words("jfk")) >= 0.9


@pytest.mark.long
async def test_a_sound_recording_longer_than_a_minute_of_verse(worlds: Worlds) -> None:
    recording = SPEECH["sonnet"].read_bytes()
    message = worlds.discord.post("audit-process", files=[("sonnet.mp3", recording, "audio/mpeg")])

    [page_id] = await audited(worlds, message)

    page = worlds.notion.page_values(page_id)
    assert recall(page["Transcript"], words("sonnet")) >= 0.85
    assert page["Video FIle Link"] is None
    assert sorted(drive_files(worlds)) == ["audio.mp3", "transcript.srt", "transcript.txt"]


async def test_two_videos_of_a_message_are_a_page_each_and_one_reaction_for_both(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK} {worlds.site.clip_url('jfk.m3u8')}")

    pages = await audited(worlds, message, count=2)

    assert [worlds.notion.status_history(page_id) for page_id in pages] == [STAGES, STAGES]
    assert len(folder_names(worlds)) == 2
    assert reactions(worlds, message) == REACTIONS


async def test_of_two_videos_one_that_fails_is_said_at_the_end(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK} {worlds.site.url}/status/404")

    pages = await audited(worlds, message, count=2)

    ends = {worlds.notion.page_values(page_id)["Transcript Process Status"] for page_id in pages}
    assert ends == {"Complete", "Error"}
    assert list(worlds.discord.reactions_on(message["id"])) == ["❌"]


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        ("{site}/status/404", "is gone"),
        ("https://youtu.be/private____", "private"),
        ("https://youtu.be/nosuchvideo", "not available"),
        ("https://www.youtube.com/playlist?list=PLsandbox", "list of videos"),
    ],
)
async def test_a_link_to_no_video_ends_as_an_error_that_says_why(worlds: Worlds, post: str, reason: str) -> None:
    message = worlds.discord.post("audit-process", post.format(site=worlds.site.url))

    [page_id] = await audited(worlds, message)

    page = worlds.notion.page_values(page_id)
    assert page["Transcript Process Status"] == "Error"
    assert page["ProcessErrors"].startswith("Error in video processing: ")
    assert reason in page["ProcessErrors"]
    assert list(worlds.discord.reactions_on(message["id"])) == ["❌"]
    [reply] = replies(worlds, message)
    assert reason in reply
    assert not list((worlds.folder / "data" / "work").iterdir())


async def test_a_file_that_is_no_video_ends_as_an_error_and_the_next_one_is_done(worlds: Worlds) -> None:
    broken = worlds.discord.post("audit-process", files=[("holiday.mp4", b"not a video at all", "video/mp4")])
    [first] = await audited(worlds, broken)
    good = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")

    await audited(worlds, good)

    assert "not a video" in worlds.notion.page_values(first)["ProcessErrors"]
    assert list(worlds.discord.reactions_on(good["id"])) == ["✅"]


@pytest.mark.defect("no speech counted as an error")
@pytest.mark.parametrize(("name", "said"), [("jfk-mute.mp4", "no sound track"), ("silence.mp4", "No speech")])
async def test_no_sound_and_no_speech_are_no_errors(worlds: Worlds, name: str, said: str) -> None:
    video = clip(worlds.clips, name).read_bytes()
    message = worlds.discord.post("audit-process", files=[(name, video, "video/mp4")])

    [page_id] = await audited(worlds, message)

    page = worlds.notion.page_values(page_id)
    assert page["Transcript Process Status"] == "Complete"
    assert said in page["Transcript"]


async def test_another_channel_gets_one_page_at_the_end(worlds: Worlds) -> None:
    message = worlds.discord.post("market-outlook", f"https://youtu.be/{JFK}")

    await audited(worlds, message)

    assert worlds.notion.pages(worlds.audit_database) == []
    [page_id] = worlds.notion.pages(worlds.videos_database)
    assert worlds.notion.status_history(page_id) == ["complete"]
    assert worlds.notion.page_values(page_id)["Name"] == "2026-01-20 - The ok video"
    made = [one for one in worlds.notion.exchanges if (one.method, one.path) == ("POST", "/v1/pages")]
    changed = [one for one in worlds.notion.exchanges if one.method == "PATCH" and one.path.startswith("/v1/pages/")]
    assert (len(made), len(changed)) == (1, 0)
    assert reactions(worlds, message) == REACTIONS


async def test_a_failure_in_another_channel_makes_no_page(worlds: Worlds) -> None:
    message = worlds.discord.post("market-outlook", "https://youtu.be/private____")

    await audited(worlds, message)

    assert worlds.notion.pages(worlds.videos_database) == []
    assert list(worlds.discord.reactions_on(message["id"])) == ["❌"]


async def test_a_forwarded_video_is_taken(worlds: Worlds) -> None:
    video = clip(worlds.clips, "jfk.mp4").read_bytes()
    elsewhere = worlds.discord.post("general", files=[("talk.mp4", video, "video/mp4")])
    message = worlds.discord.post("audit-process", forward_of=elsewhere["id"])

    [page_id] = await audited(worlds, message)

    assert worlds.notion.page_values(page_id)["Transcript Process Status"] == "Complete"
    assert replies(worlds, elsewhere) == []
