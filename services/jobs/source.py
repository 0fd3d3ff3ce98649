"""From a message's words to the videos in it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit


class SourceKind(StrEnum):
    """Where a video lies."""

    YOUTUBE = "youtube"
    WEB = "web"
    DISCORD = "discord"


@dataclass(frozen=True, slots=True)
class VideoSource:
    """One video. An attachment has ids instead of a url, because its url expires."""

    kind: SourceKind
    video_id: str
    """YouTube's id, the attachment's id, or the url of another site."""
    url: str | None = None
    filename: str | None = None
    size: int | None = None
    """Of an attachment, in bytes."""

    @property
    def key(self) -> str:
        """The same for every spelling of one video."""
        return f"{self.kind}:{self.video_id}"

    @property
    def label(self) -> str:
        """What people would call it before its title is known."""
        return self.filename or self.url or self.video_id


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file on a message, as Discord describes it."""

    id: int
    filename: str
    content_type: str | None
    size: int | None = None
    """Bytes."""


# A link ends at white space and at Discord's markdown; the label of `[label](link)` is no link.
_URL = re.compile(r"https?://(?:(?!\]\()[^\s<>\"`|])++(?!\]\()", re.IGNORECASE)
_TRAILING = ".,;:!?'*~"
_OPENING = {")": "(", "]": "["}
_PORTS = {"http": 80, "https": 443}
_YOUTUBE_HOSTS = frozenset(
    f"{prefix}{host}" for prefix in ("", "www.", "m.", "music.") for host in ("youtube.com", "youtube-nocookie.com")
)
_YOUTUBE_ID = re.compile(r"[A-Za-z0-9_-]{11}")
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|igshid", re.IGNORECASE)
_MEDIA_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in "mp4 m4v mov mkv webm avi wmv mpg mpeg ts 3gp mp3 m4a aac wav ogg oga opus flac wma".split()  # noqa: SIM905 (reads better than 20 quotes)
)


def find_sources(texts: Iterable[str], attachments: Iterable[Attachment] = ()) -> tuple[VideoSource, ...]:
    """Return each video of a message once, in the order of the message: its links, then its attachments."""
    found = [source for text in texts for source in _links(text)]
    found += [
        VideoSource(SourceKind.DISCORD, str(attachment.id), filename=attachment.filename, size=attachment.size)
        for attachment in attachments
        if _is_media(attachment)
    ]
    return tuple({source.key: source for source in found}.values())


def source_of_link(url: str) -> VideoSource | None:
    """Return the video that a link names; None if it is no web address."""
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in _PORTS:
            return None
        _ = parts.port  # raises where the port is no number
    except ValueError:
        return None
    if video_id := _youtube_id(parts):
        return VideoSource(SourceKind.YOUTUBE, video_id, f"https://www.youtube.com/watch?v={video_id}")
    canonical = _canonical(parts)
    return VideoSource(SourceKind.WEB, canonical, canonical)


def _links(text: str) -> Iterator[VideoSource]:
    for match in _URL.finditer(text):
        in_underscores = text[: match.start()].endswith("_")
        if source := source_of_link(_without_markdown(match.group(), _TRAILING + "_" * in_underscores)):
            yield source


def _without_markdown(url: str, trailing: str) -> str:
    """Cut what belongs to the sentence: the bracket of `(url)`, the stars of `**url**`, a full stop.

    An underscore is cut only where one stands before the link too: YouTube's ids may end in one.
    """
    while url[-1] in trailing or url.count(url[-1]) > url.count(_OPENING.get(url[-1], url[-1])):
        url = url[:-1]
    return url


def _youtube_id(parts: SplitResult) -> str | None:
    host = (parts.hostname or "").rstrip(".")
    path = [part for part in parts.path.split("/") if part]
    candidate = None
    if host in {"youtu.be", "www.youtu.be"} and path:
        candidate = path[0]
    elif host in _YOUTUBE_HOSTS and path:
        if path[0] == "watch":
            candidate = path[1] if len(path) > 1 else next(iter(parse_qs(parts.query).get("v", [])), None)
        elif path[0] in {"live", "shorts", "embed", "v", "e"} and len(path) > 1:
            candidate = path[1]
    return candidate if candidate and _YOUTUBE_ID.fullmatch(candidate) else None


def _canonical(parts: SplitResult) -> str:
    host = (parts.hostname or "").rstrip(".")
    if ":" in host:
        host = f"[{host}]"
    netloc = host if parts.port in (None, _PORTS[parts.scheme]) else f"{host}:{parts.port}"
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if not _tracks(name)]
    unchanged = len(kept) == len(parse_qsl(parts.query, keep_blank_values=True))
    query = parts.query if unchanged else urlencode(kept)
    return urlunsplit((parts.scheme, netloc, parts.path or "/", query, ""))


def _tracks(parameter: str) -> bool:
    return _TRACKING.fullmatch(parameter) is not None


def _is_media(attachment: Attachment) -> bool:
    if attachment.content_type:
        return attachment.content_type.startswith(("video/", "audio/"))
    return PurePath(attachment.filename).suffix.lower() in _MEDIA_SUFFIXES
