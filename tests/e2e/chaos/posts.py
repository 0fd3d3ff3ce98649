"""What people post while the bot is being killed, and where its traces must be."""

import random
import struct
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from bench.recordings import repeat
from sandbox.media import clip
from sandbox.worlds import Worlds

BIG = "noise.mp4"
"""The speech of 11 seconds in a file of three upload chunks."""
BIG_BYTES = 20 * 2**20
LONG = "long.mp4"
"""The speech of 53 seconds, twice: its transcription takes long enough for its progress to be recorded."""
SLOW, FAST = 250_000, 24 * 2**20
"""Bytes per second from the video site: a short clip takes about a second, and so does the big one."""
DRIVE_BYTES_PER_SECOND = 12 * 2**20


Json = dict[str, Any]


class Kind(Enum):
    """A way to post a video."""

    YOUTUBE = "YouTube"
    LINK = "link"
    PAIR = "two links"
    SPEECH = "long speech"
    BIG_LINK = "big link"
    ATTACHMENT = "attachment"
    BIG_ATTACHMENT = "big attachment"
    OUTLOOK = "market-outlook"


CLIPS = {
    Kind.LINK: ("jfk.mp4",),
    Kind.PAIR: ("jfk.mp4", "jfk.webm"),
    Kind.SPEECH: (LONG,),
    Kind.BIG_LINK: (BIG,),
    Kind.ATTACHMENT: ("jfk.mp4",),
    Kind.BIG_ATTACHMENT: (BIG,),
}
"""The site's files that are linked or attached; of YouTube's videos the site has its own."""


@dataclass(frozen=True, slots=True)
class Video:
    """One posted video, by what a person would look for."""

    number: int
    kind: Kind
    message_id: str
    video_id: str
    """As the page has it: YouTube's id, the link, or the attachment's id."""
    clip: str
    """What was posted: all videos of one clip have the same bytes."""

    @property
    def label(self) -> str:
        return f"#{self.number} {self.kind.value}"


@dataclass(slots=True)
class Poster:
    """Posts videos, none of them twice."""

    worlds: Worlds
    videos: list[Video] = field(default_factory=list)

    def __post_init__(self) -> None:
        _make_big(self.worlds.clips)
        repeat([clip(self.worlds.clips, "sonnet.mp4")], 2, self.worlds.clips / LONG)
        self.worlds.site.bytes_per_second = SLOW
        self.worlds.site.slow = dict.fromkeys([f"/clips/{BIG}", f"/clips/{LONG}"], FAST)
        self.worlds.drive.bytes_per_second = DRIVE_BYTES_PER_SECOND

    def post(self, kind: Kind, author: Json | None = None) -> None:
        """Post one message; by the world's first person, if nobody is named."""
        number = len(self.videos) + 1
        match kind:
            case Kind.YOUTUBE | Kind.OUTLOOK:
                video_id = f"chaos{number:06}"
                self.worlds.site.add_youtube(video_id, title=f"The {number}. talk")
                self._say(kind, f"https://youtu.be/{video_id}", {video_id: "YouTube"}, author)
            case Kind.ATTACHMENT | Kind.BIG_ATTACHMENT:
                [name] = CLIPS[kind]
                content = clip(self.worlds.clips, name).read_bytes()
                file = (f"talk-{number}.mp4", content, "video/mp4")
                message = self.worlds.discord.post("audit-process", files=[file], author=author)
                self._note(kind, message["id"], {message["attachments"][0]["id"]: name})
            case _:
                links = {f"{self.worlds.site.clip_url(name)}?number={number}": name for name in CLIPS[kind]}
                self._say(kind, " ".join(links), links, author)

    def _say(self, kind: Kind, words: str, videos: dict[str, str], author: Json | None) -> None:
        channel = "market-outlook" if kind is Kind.OUTLOOK else "audit-process"
        self._note(kind, self.worlds.discord.post(channel, words, author=author)["id"], videos)

    def _note(self, kind: Kind, message_id: str, videos: dict[str, str]) -> None:
        for video_id, name in videos.items():
            self.videos.append(Video(len(self.videos) + 1, kind, message_id, video_id, name))


def _make_big(clips: Path) -> None:
    """Behind a video's own boxes comes one of type `free`, which every player skips (ISO/IEC 14496-12, 8.1.2)."""
    video = clip(clips, "jfk.mp4").read_bytes()
    room = BIG_BYTES - len(video)
    noise = random.Random(0).randbytes(room - 8)  # noqa: S311 (no secret: no two chunks are the same)
    (clips / BIG).write_bytes(video + struct.pack(">I4s", room, b"free") + noise)
