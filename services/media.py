"""Values that clients return and jobs keep."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

Progress = Callable[[float], None]
"""Told the finished fraction of a piece of work, 0.0 to 1.0; cheap, called on the event loop."""


Heard = Callable[[float], None]
"""Told the seconds of a recording that have been heard, from 0.0 as soon as there is something to hear."""


class SoundIn(Protocol):
    """Told in which file the sound of a download grows; again, with `whole`, when nothing more is written to it."""

    def __call__(self, file: Path, *, whole: bool = False) -> None: ...


def nobody_listens(file: Path, *, whole: bool = False) -> None:
    """Take no notice of the sound."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a video before its bytes: from yt-dlp for links, from the message for attachments."""

    title: str
    url: str
    """The canonical link; for an attachment the message's."""
    uploader: str | None = None
    published_on: date | None = None
    """The day of publication, in the source's own reckoning (UTC for yt-dlp)."""
    published_at: datetime | None = None
    """The moment of publication, with a time zone, where the source tells one."""
    duration_s: float | None = None
    listing: str | None = None
    """`Public` or `Unlisted`, where yt-dlp knows."""
    expected_bytes: int | None = None
    """What a download will bring, where the source tells."""


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A whole file on disk; `path` is absolute."""

    path: Path
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Media:
    """A posted video on disk, taken apart. `video` is None for a sound recording, `audio` where there is no sound."""

    video: MediaFile | None
    audio: MediaFile | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class Segment:
    """Words between two moments, in seconds from the start of the recording."""

    start: float
    end: float
    text: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """The speech of one recording; no segments where nobody speaks."""

    segments: tuple[Segment, ...]
    language: str | None
    """ISO 639-1 code; None where there was nothing to tell it from."""
    model: str | None
    """None where no model was needed: there was no sound."""
    settings: str | None = None
    """How the model was run, for the audit record."""

    @property
    def text(self) -> str:
        """All words, one line a segment."""
        return "\n".join(segment.text.strip() for segment in self.segments)

    @property
    def srt(self) -> str:
        """The same as SubRip subtitles."""
        return "\n".join(
            f"{number}\n{_srt_time(segment.start)} --> {_srt_time(segment.end)}\n{segment.text.strip()}\n"
            for number, segment in enumerate(self.segments, start=1)
        )


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file or folder in Drive, or in the local folder that stands for it."""

    id: str
    name: str
    url: str
    size: int = 0
    """Bytes; 0 for a folder."""
    md5: str | None = None
    sha256: str | None = None


def _srt_time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    hours, rest = divmod(milliseconds, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02},{rest % 1000:03}"
