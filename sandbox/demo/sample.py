"""What the demo posts: its own sample, a file of the user's, links that the sandbox's site knows."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path

from sandbox.media import clip, words
from sandbox.site.world import youtube_id
from sandbox.worlds import Worlds

SPEECH = "jfk"
YOUTUBE_ID = "inaugural61"


@dataclass(frozen=True, slots=True)
class Post:
    """A file to be posted."""

    name: str
    content: bytes
    content_type: str | None
    spoken: str | None
    """The words in it, where they are known."""
    patience_s: float
    """After so many seconds it should long have been audited."""


def sample(folder: Path) -> Post:
    """Return the built-in sample: a speech with a picture, made in `folder`."""
    path = clip(folder, f"{SPEECH}.mp4")
    return Post(path.name, path.read_bytes(), "video/mp4", words(SPEECH), patience_s=120)


def posted_file(path: Path) -> Post:
    return Post(path.name, path.read_bytes(), mimetypes.guess_type(path.name)[0], None, patience_s=600)


def links(worlds: Worlds) -> dict[str, str]:
    """Return links to post, by what they are. YouTube is the sandbox's: no other video of it can be had."""
    if YOUTUBE_ID not in worlds.site.youtube:
        worlds.site.add_youtube(YOUTUBE_ID, title="Inaugural Address, 20 January 1961", channel="The Archive")
    return {
        "YouTube": f"https://youtu.be/{YOUTUBE_ID}",
        "Private video": f"https://youtu.be/{youtube_id('private')}",
        "Another site": worlds.site.clip_url("sonnet.webm"),
    }
