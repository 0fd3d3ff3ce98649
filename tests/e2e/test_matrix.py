"""Every route with every kind of post: each column of the page, and what stands below them."""

import hashlib
import re
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle, islice

import pytest

from sandbox.demo.promises import share_of_words
from sandbox.demo.watch import until
from sandbox.media import clip, words
from sandbox.site.youtube import FORMATS
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.matrix import (
    ROUTES,
    Page,
    Post,
    Stored,
    expected_page,
    post_attachment,
    post_direct_link,
    post_youtube,
)
from tests.e2e.observing import ENDS, STAGES, replies
from tests.page_bodies import toggles
from tests.page_bodies import words as joined

KINDS = (post_youtube, post_direct_link, post_attachment)
SLOW = 50_000
"""Bytes a second of what has its index last: whole before it is asked for, its sound would be heard like any other."""
DAY, TIME = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"


@pytest.mark.timeout(420)  # up to 21 videos, and Notion takes three requests a second
@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        ("streaming", 1),
        pytest.param("streaming", len(KINDS), marks=pytest.mark.long),
        pytest.param("fallback", len(KINDS), marks=pytest.mark.long),
    ],
)
async def test_each_page_says_in_each_column_and_below_them_what_it_should(
    worlds: Worlds, start_bot: StartBot, subtests: pytest.Subtests, mode: str, kinds: int
) -> None:
    for channel in ROUTES.values():
        if channel not in {known["name"] for known in worlds.discord.store.channels.values()}:
            worlds.discord.add_channel(channel)
    for ending, _ in FORMATS.values():
        clip(worlds.clips, f"sonnet{ending}")  # else yt-dlp's first question waits for all of them, too long if busy
    if mode == "fallback":
        for name in ("sonnet-plain.m4a", "jfk-plain.m4a", *(f"talk-{number}.mp4" for number in range(len(ROUTES)))):
            worlds.site.slow[f"/clips/{name}"] = SLOW

    async with start_bot(WORKERS="4"):
        posts = list(post_videos(worlds, kinds, index_last=mode == "fallback"))
        messages = [post.message["id"] for post in posts]
        await until(worlds, lambda: all(set(ENDS) & worlds.discord.reactions_on(one).keys() for one in messages), 360)

    pages = dict(pages_by_folder(worlds))
    for post in posts:
        with subtests.test(f"{post.route}: {post.kind}"):
            stored = stored_of(worlds, post)
            page_id = pages[stored.folder_link]
            assert page_of(worlds, page_id) == expected_page(post, stored)
            assert stored.folder["name"] == f"{post.published[:10]} - {post.title}"
            check_transcript(worlds, post, stored, page_id)
            check_audit_record(worlds, post, stored, page_id, mode)
            check_writes(worlds, post, page_id)
    assert len(pages) == len(posts)


def post_videos(worlds: Worlds, kinds: int, *, index_last: bool) -> Iterator[Post]:
    """Post in each route so many kinds of videos, and what is out of the ordinary."""
    for first, route in enumerate(ROUTES):
        for post in islice(cycle(KINDS), first, first + kinds):
            yield post(worlds, route, index_last=index_last)
    yield post_youtube(worlds, "audit-process", "Unlisted", index_last=index_last)
    yield post_attachment(worlds, "audit-process", silent=True, index_last=index_last)
    yield post_attachment(worlds, "education", silent=True, index_last=index_last)


def pages_by_folder(worlds: Worlds) -> Iterator[tuple[str, str]]:
    """Yield each page's link to its folder, and the page's id."""
    for database in (worlds.audit_database, worlds.videos_database, worlds.uploads_database):
        for page_id in worlds.notion.pages(database):
            yield worlds.notion.page_values(page_id)["GoogleDriveFolderLink"], page_id


def page_of(worlds: Worlds, page_id: str) -> Page:
    values = worlds.notion.page_values(page_id)
    types = {column.name: column.type for column in worlds.notion.workspace.page(page_id).source.columns}
    for name in (name for name, kind in types.items() if kind == "files"):
        values[name] = worlds.notion.page_files(page_id, name) or values[name]
    return {name: (types[name], value) for name, value in values.items()}


def stored_of(worlds: Worlds, post: Post) -> Stored:
    """Return what lies in the only folder of a post's video."""
    [root] = worlds.drive.tree()
    owner = f"{post.message['id']}-"
    found = [one for one in root["children"] if one["appProperties"]["owner"].startswith(owner)]
    assert len(found) == 1, replies(worlds, post.message)
    [folder] = found
    links = {file_id: file.shown["webViewLink"] for file_id, file in worlds.drive.shelf.files.items()}
    return Stored(
        folder,
        links[folder["id"]],
        ids={file["name"]: file["id"] for file in folder["children"]},
        links={file["name"]: links[file["id"]] for file in folder["children"]},
        contents={file["name"]: worlds.drive.content(file["id"]) for file in folder["children"]},
    )


def check_transcript(worlds: Worlds, post: Post, stored: Stored, page_id: str) -> None:
    """The words are those that were spoken; each timestamp leads to the second at which those beside it begin."""
    below = [texts for title, texts in toggles(worlds.notion, page_id) if title == "Transcript"]
    if post.speech is None:
        assert (stored.text, stored.srt, below) == ("(No speech was found in this video.)", "", [])
        return
    assert share_of_words(stored.text, words(post.speech)) >= 0.85
    [transcript] = below
    cues = cues_of(stored.srt)
    lines = joined(transcript).splitlines()
    assert " ".join(line.partition(" ")[2] for line in lines) == " ".join(text for _, text in cues)
    assert len(lines) >= (3 if post.speech == "sonnet" else 1)
    video = f"{post.link}&t=" if post.source.startswith("youtube:") else f"{stored.links['video.mp4']}&t="
    for (stamp, link), (passage, _) in zip(transcript[::2], transcript[1::2], strict=True):
        minutes, seconds = map(int, stamp.split(":"))
        second = 60 * minutes + seconds
        assert link == f"{video}{second}s"
        assert any(at == second and passage.strip().startswith(text) for at, text in cues)


def cues_of(srt: str) -> list[tuple[int, str]]:
    """Return what is said in subtitles, and the second at which it begins."""
    found = re.findall(r"^(\d\d):(\d\d):(\d\d),\d{3} --> .*\n(.*)$", srt, re.MULTILINE)
    return [(3600 * int(hours) + 60 * int(minutes) + int(seconds), text) for hours, minutes, seconds, text in found]


def check_audit_record(worlds: Worlds, post: Post, stored: Stored, page_id: str, mode: str) -> None:
    """It says who posted what, how each stage went, with which model, and what lies where."""
    [record] = [texts for title, texts in toggles(worlds.notion, page_id) if title == "Audit record"]
    who, source, *stages, speech, way, folder, video, audio, text, srt = joined(record).splitlines()
    moment = datetime.fromisoformat(post.message["timestamp"])
    assert who == f"Posted by Vera in #{ROUTES[post.route]}, {moment:%Y-%m-%d %H:%M:%S} UTC"
    assert record[0] == (who, post.message_url)
    assert source == f"Source: {post.source}"
    for stage, line in zip(STAGES, stages, strict=True):
        ran = f"{DAY} {TIME}" if stage == "Complete" else rf"{DAY} {TIME} - {TIME} \(\d+\.\d s\)"
        assert re.fullmatch(f"{stage}: {ran}", line), line
    assert speech.startswith("Speech: model tiny.en (")
    assert speech.endswith(f"), language {'en' if post.speech else 'none'}")
    assert way.startswith(f"Mode: {mode}")
    assert folder == f"Folder: {stored.folder['id']}"
    names = ["video.mp4", "audio.m4a", "transcript.txt", "transcript.srt"]
    sums = {name: hashlib.sha256(stored.contents[name]).hexdigest() for name in names}
    assert [video, audio, text, srt] == [f"{name}: {stored.ids[name]}, sha256 {sums[name]}" for name in names]


def check_writes(worlds: Worlds, post: Post, page_id: str) -> None:
    """The page of audit-process went through all statuses; the others were written once, whole."""
    if post.route == "audit-process":
        assert worlds.notion.status_history(page_id) == STAGES
    else:
        assert len(worlds.notion.status_history(page_id)) == 1
        assert not [
            one for one in worlds.notion.exchanges if (one.method, one.path) == ("PATCH", f"/v1/pages/{page_id}")
        ]
