"""What the demo posts: its own sample, a file of the user's, links that the sandbox's site knows."""

import mimetypes
from dataclasses import dataclass
from pathlib import Path

from sandbox.media import clip, words
from sandbox.site.world import youtube_id
from sandbox.worlds import Worlds

SPEECH = "jfk"


@dataclass(frozen=True, slots=True)
class Post:
    """A file to be posted."""

    name: str
    content: bytes
    content_type: str | None
    spoken: str | None
    """The words in it, where they are known."""
    patience_s: float
    """How long its audit may take."""


def sample(folder: Path) -> Post:
    """Return the built-in sample: a speech with a picture, made in `folder`."""
    path = clip(folder, f"{SPEECH}.mp4")
    return Post(path.name, path.read_bytes(), "video/mp4", words(SPEECH), patience_s=120)


def file_of_ones_own(path: Path) -> Post:
    """Return any other file; raise OSError where it cannot be read."""
    return Post(path.name, path.read_bytes(), mimetypes.guess_type(path.name)[0], None, patience_s=600)


def add_links(worlds: Worlds) -> dict[str, str]:
    """Make a video known to the sandbox's YouTube; return links that can be posted, by what they are."""
    video = worlds.site.add_youtube("inaugural61", title="Inaugural Address, 20 January 1961", channel="The Archive")
    return {
        "YouTube": f"https://youtu.be/{video.id}",
        "Private video": f"https://youtu.be/{youtube_id('private')}",
        "Another site": worlds.site.clip_url("sonnet.webm"),
    }
