"""YouTube as the sandbox tells it: what the plugin under sandbox/youtube asks the site for, and gets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

Json = dict[str, Any]
Case = Literal[
    "ok",
    "live",
    "upcoming",
    "premiere",
    "post_live",
    "was_live",
    "private",
    "age",
    "bot",
    "members",
    "removed",
    "geo",
    "drm",
]

PUBLISHED = datetime(2026, 1, 20, 17, 0, tzinfo=timezone.utc)
REASONS: dict[Case, tuple[str, str]] = {
    "upcoming": ("This live event will begin in 3 hours.", ""),
    "premiere": ("Premieres in 3 hours", ""),
    "private": ("Private video", "Sign in if you've been granted access to this video"),
    "age": ("Sign in to confirm your age", "This video may be inappropriate for some users."),
    "bot": ("Sign in to confirm you’re not a bot", "This helps protect our community. Learn more"),
    "members": (
        "Join this channel to get access to members-only content like this video, and other exclusive perks.",
        "",
    ),
    "removed": ("Video unavailable", "This video has been removed by the uploader"),
    "geo": ("Video unavailable", "The uploader has not made this video available in your country"),
}
"""YouTube's own words (`reason` and `subreason` of its playability status) where it shows no video."""
LIVE_STATUS: dict[Case, str] = {
    "live": "is_live",
    "upcoming": "is_upcoming",
    "premiere": "is_upcoming",
    "post_live": "post_live",
    "was_live": "was_live",
}
NOT_BEGUN = {"upcoming", "premiere"}

AVC, AAC, OPUS, NONE = "avc1.42C01E", "mp4a.40.2", "opus", "none"
FORMATS = {
    "18": (".mp4", {"ext": "mp4", "vcodec": AVC, "acodec": AAC, "height": 180, "width": 320}),
    "134": ("-360.mp4", {"ext": "mp4", "vcodec": AVC, "acodec": NONE, "height": 360, "width": 640}),
    "136": ("-720.mp4", {"ext": "mp4", "vcodec": AVC, "acodec": NONE, "height": 720, "width": 1280}),
    "140": (".m4a", {"ext": "m4a", "vcodec": NONE, "acodec": AAC, "abr": 129}),
    "251": ("-sound.webm", {"ext": "webm", "vcodec": NONE, "acodec": OPUS, "abr": 140}),
}
"""By YouTube's format id: the ending of the clip's name, and what YouTube tells of such a format."""
UNKNOWN = {"reason": "Video unavailable", "subreason": ""}
"""The answer for an id that nobody added."""


@dataclass(frozen=True, slots=True)
class YoutubeVideo:
    """One video; `clip` is the speech in it (`jfk`), or what the names of clips of one's own begin with."""

    id: str
    title: str
    clip: str = "jfk"
    case: Case = "ok"
    channel: str = "The Sandbox Channel"
    availability: Literal["public", "unlisted"] = "public"
    published: datetime = PUBLISHED
    index_last: bool = False
    """Its MP4 sound can be read only when it is whole."""

    def describe(self, size_and_url: Callable[[str], tuple[int, str]], duration: float) -> Json:
        """Return what the plugin reads; `size_and_url` tells of a clip by its name."""
        reason, subreason = REASONS.get(self.case, ("", ""))
        known = {} if reason and self.case not in NOT_BEGUN else self._details(duration)
        formats = [] if reason else [self._format(key, size_and_url) for key in FORMATS]
        return known | {
            "reason": reason,
            "subreason": subreason,
            "drm": self.case == "drm",
            "formats": [] if self.case == "drm" else formats,
        }

    def _format(self, format_id: str, size_and_url: Callable[[str], tuple[int, str]]) -> Json:
        ending, told = FORMATS[format_id]
        size, url = size_and_url(f"{self.clip}{'-plain' * (self.index_last and ending == '.m4a')}{ending}")
        return {"format_id": format_id, "url": url, "filesize": size, **told}

    def _details(self, duration: float) -> Json:
        at = int(self.published.timestamp())
        streamed = self.case in LIVE_STATUS
        return {
            "title": self.title,
            "description": f"{self.title}, as the sandbox tells it.",
            "channel": self.channel,
            "timestamp": at,
            "release_timestamp": at if streamed else None,
            "duration": None if self.case in {"live", *NOT_BEGUN} else duration,
            "availability": self.availability,
            "live_status": LIVE_STATUS.get(self.case, "not_live"),
        }
