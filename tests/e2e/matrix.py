"""Every kind of post on every route, and the page that it must have: by hand, from the tables of shared/FACTS.md.

Nothing here is computed by the code under test.
"""

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import pytest

from sandbox.media import clip
from sandbox.worlds import Worlds
from tests.e2e.observing import Json

ROUTES = {
    "audit-process": "audit-process",
    "market-outlook": "🎙・market-outlook",
    "market-analysis-streams": "📈・market-analysis-streams",
    "education": "🎓・education",
    "mhc-recordings": "mhc-recordings",
    "drive-uploads": "🗄・drive-uploads",
}
"""The channels' names in Discord."""
PUBLISHED = datetime(2026, 3, 4, 17, 30, 15, tzinfo=timezone.utc)
PUBLISHED_IN_NOTION = "2026-03-04T17:30:15.000+00:00"

Page = dict[str, tuple[str, Any]]
"""A column's type and what is in it, by its name; for a file that Notion keeps its name and content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A message with one video, as the person knows it who posts it. `link` is None for an attachment."""

    kind: str
    route: str
    message: Json
    guild_id: str
    title: str
    video_id: str
    source: str
    published: str
    """As Notion shows a date."""
    speech: str | None
    minutes: float
    link: str | None = None
    attached: str | None = None
    youtube_channel: str | None = None
    listing: str | None = None

    @property
    def message_url(self) -> str:
        return f"https://discord.com/channels/{self.guild_id}/{self.message['channel_id']}/{self.message['id']}"

    @property
    def url(self) -> str:
        return self.link or self.message_url


@dataclass(frozen=True, slots=True)
class Stored:
    """What Drive has of a video; `ids`, `links` and `contents` by the files' names."""

    folder: Json
    folder_link: str
    ids: dict[str, str]
    links: dict[str, str]
    contents: dict[str, bytes]

    @property
    def text(self) -> str:
        return self.contents["transcript.txt"].decode().removesuffix("\n")

    @property
    def srt(self) -> str:
        return self.contents["transcript.srt"].decode()


def post_youtube(worlds: Worlds, route: str, listing: str = "Public", *, index_last: bool = False) -> Post:
    week = f"{listing[0]}{[*ROUTES].index(route)}"
    video_id, title = f"talk-on-_{week}", f"Gold & oil, week {week}"
    speech, minutes = _speech_on(route) if listing == "Public" else ("jfk", 11 / 60)
    worlds.site.add_youtube(
        video_id,
        title=title,
        clip=speech,
        channel="Gold, Oil & Co",
        availability=listing.lower(),
        published=PUBLISHED,
        index_last=index_last,
    )
    return Post(
        kind=f"YouTube page ({listing})",
        route=route,
        message=worlds.discord.post(ROUTES[route], f"look: https://youtu.be/{video_id}?si=x&t=9 *now*"),
        guild_id=worlds.discord.guild_id,
        title=title,
        video_id=video_id,
        source=f"youtube:{video_id}",
        published=PUBLISHED_IN_NOTION,
        speech=speech,
        minutes=minutes,
        link=f"https://www.youtube.com/watch?v={video_id}",
        youtube_channel="Gold Oil & Co",
        listing=listing,
    )


def post_direct_link(worlds: Worlds, route: str, *, index_last: bool = False) -> Post:
    title = f"talk-{[*ROUTES].index(route)}"
    speech, minutes = _speech_on(route)
    shutil.copy(clip(worlds.clips, f"{speech}{_form(index_last)}"), file := worlds.clips / f"{title}.mp4")
    os.utime(file, (PUBLISHED.timestamp(), PUBLISHED.timestamp()))
    link = f"{worlds.site.url}/clips/{title}.mp4"
    return Post(
        kind="direct file link",
        route=route,
        message=worlds.discord.post(ROUTES[route], f"<{link}>"),
        guild_id=worlds.discord.guild_id,
        title=title,
        video_id=link,
        source=f"web:{link}",
        published=PUBLISHED_IN_NOTION,
        speech=speech,
        minutes=minutes,
        link=link,
    )


def post_attachment(worlds: Worlds, route: str, *, silent: bool = False, index_last: bool = False) -> Post:
    speech, minutes = ("silence", 3 / 60) if silent else _speech_on(route)
    file = ("the-talk.mp4", clip(worlds.clips, f"{speech}{_form(index_last)}").read_bytes(), "video/mp4")
    message = worlds.discord.post(ROUTES[route], "the talk", files=[file])
    [attachment] = message["attachments"]
    return Post(
        kind="silent attachment" if silent else "attachment",
        route=route,
        message=message,
        guild_id=worlds.discord.guild_id,
        title="the-talk",
        video_id=attachment["id"],
        source=f"discord:{attachment['id']}",
        published=posted_at(message),
        speech=None if silent else speech,
        minutes=minutes,
        attached="the-talk.mp4",
    )


def _form(index_last: bool) -> str:  # noqa: FBT001 (the functions above have it by name)
    return "-plain.mp4" if index_last else ".mp4"


def posted_at(message: Json) -> str:
    """Return when a message was posted, as Notion shows it."""
    return datetime.fromisoformat(message["timestamp"]).isoformat(timespec="milliseconds")


def expected_page(post: Post, stored: Stored) -> Page:
    if post.route == "audit-process":
        return _audit_page(post, stored)
    return _uploads_page(post, stored) if post.route == "drive-uploads" else _videos_page(post, stored)


def _audit_page(post: Post, stored: Stored) -> Page:
    return {
        "Name": ("title", f"YouTube Video: {post.title}"),
        "Author": ("rich_text", "Vera"),
        "Message ID": ("rich_text", post.message["id"]),
        "Date": ("date", posted_at(post.message)),
        "Server": ("rich_text", "Audit Hall"),
        "Channel": ("select", "audit-process"),
        "Content": ("rich_text", post.message["content"]),
        "Attached URL": ("url", post.url),
        "Attached File": ("files", [post.message_url] if post.attached else []),
        "Message URL": ("url", post.message_url),
        "Video Date and time": ("date", post.published),
        "URL": ("url", post.url),
        "Video ID": ("rich_text", post.video_id),
        "YouTube Channel": ("select", post.youtube_channel),
        "YoutubeListingStatus": ("select", post.listing),
        **_files(stored),
        "Transcript": ("rich_text", stored.text),
        "Transcript Process Status": ("select", "Complete"),
        "Lenght min": ("number", pytest.approx(post.minutes, abs=0.01)),
        "Processing time": ("number", pytest.approx(120, abs=119.9)),
        "ProcessErrors": ("rich_text", ""),
    }


def _videos_page(post: Post, stored: Stored) -> Page:
    return {
        "Name": ("title", f"{post.published[:10]} - {post.title}"),
        "Date": ("date", post.published[:10]),
        "Video Date and time": ("date", post.published),
        "Video Link": ("url", post.url),
        "Live Video URL": ("url", post.url),
        "Video ID": ("rich_text", post.video_id),
        "YouTube Channel": ("select", post.youtube_channel),
        "Google drive Folder": ("url", stored.folder_link),
        **_files(stored),
        "Transcript": ("rich_text", stored.text),
        "Discord Channel": ("select", post.route),
        "Transcript Process Status": ("select", "complete"),
        "Lenght min": ("number", pytest.approx(post.minutes, abs=0.01)),
    }


def _uploads_page(post: Post, stored: Stored) -> Page:
    return {
        "Name": ("title", post.title),
        "Video Date and time": ("date", post.published),
        **_files(stored),
        "Transcript": ("rich_text", stored.text),
        "Transcript Process Status": ("select", "Success"),
        "Lenght min": ("number", pytest.approx(post.minutes, abs=0.01)),
        "Processing time": ("number", pytest.approx(120, abs=119.9)),
        "ProcessErrors": ("rich_text", ""),
    }


def _files(stored: Stored) -> Page:
    text, srt = stored.contents["transcript.txt"], stored.contents["transcript.srt"]
    return {
        "GoogleDriveFolderLink": ("url", stored.folder_link),
        "Video FIle Link": ("url", stored.links["video.mp4"]),
        "Audio File Link": ("url", stored.links["audio.m4a"]),
        "Transcript File": ("files", {"transcript.txt": text}),
        "Transcript SRT File": ("files", {"transcript.srt.txt": srt} if srt else [stored.links["transcript.srt"]]),
    }


def _speech_on(route: str) -> tuple[str, float]:
    """Return what is spoken, and for how many minutes: on one route long enough for several timestamps."""
    return ("sonnet", 53.3 / 60) if route == "audit-process" else ("jfk", 11 / 60)
