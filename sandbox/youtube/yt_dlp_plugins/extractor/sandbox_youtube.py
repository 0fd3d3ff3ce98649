# ruff: noqa: INP001  yt-dlp asks that plugin folders be namespace packages
# types-yt-dlp knows neither YouTube's extractors nor plugins:
# mypy: disable-error-code="import-not-found, call-arg, misc, no-any-return"
"""yt-dlp's YouTube extractor, asking the sandbox's site instead of YouTube.

Loaded by yt-dlp where its PYTHONPATH has sandbox/youtube; SANDBOX_SITE_URL says where the site is. It ends in the
words, and by the same turns, as yt_dlp.extractor.youtube does with YouTube's own answers.
"""

import os
from typing import Any, NoReturn

from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.extractor.youtube import YoutubeBaseInfoExtractor, YoutubeIE, YoutubeTabIE
from yt_dlp.utils import ExtractorError, parse_qs, unsmuggle_url

WATCH = "https://www.youtube.com/watch?v="


def _refuse(*_: object, **__: object) -> NoReturn:
    raise ExtractorError("Video unavailable", expected=True)


YoutubeBaseInfoExtractor._request_webpage = _refuse  # noqa: SLF001  so that no extractor of theirs asks YouTube


class SandboxYoutubeIE(YoutubeIE, plugin_name="sandbox"):
    """Videos."""

    _request_webpage = InfoExtractor._request_webpage  # noqa: SLF001  the site may be asked

    def _real_initialize(self) -> None:
        pass

    def _real_extract(self, url: str) -> dict[str, Any]:
        video_id = self._match_id(url)
        video = self._download_json(f"{os.environ['SANDBOX_SITE_URL']}/youtube/video/{video_id}", video_id)
        if video.pop("drm", False):
            self.report_drm(video_id)
        reason, subreason = video.pop("reason"), video.pop("subreason")
        if reason:
            self._show_no_video(reason, subreason)
        return {"id": video_id, "webpage_url": WATCH + video_id, "title": None, "formats": [], **video}

    def _show_no_video(self, reason: str, subreason: str) -> None:
        if subreason.startswith("The uploader has not made this video available in your country"):
            self.raise_geo_restricted(subreason, metadata_available=True)
        if subreason:
            reason += f". {subreason}"
        if "sign in" in reason.lower():
            reason = reason.removesuffix("This helps protect our community. Learn more").strip().removesuffix(".")
            reason += f". {self._youtube_login_hint}"
        self.raise_no_formats(reason, expected=True)


class SandboxYoutubeTabIE(YoutubeTabIE, plugin_name="sandbox"):
    """Playlists and channels."""

    _request_webpage = InfoExtractor._request_webpage  # noqa: SLF001  the site may be asked

    def _real_initialize(self) -> None:
        pass

    def _real_extract(self, url: str) -> dict[str, Any]:
        url, _ = unsmuggle_url(url)
        video_id, playlist_id = (parse_qs(url).get(key, [None])[0] for key in ("v", "list"))
        if not self._yes_playlist(playlist_id, video_id):
            return self.url_result(f"{WATCH}{video_id}", YoutubeIE, video_id)
        playlist_id = playlist_id or self._match_id(url)
        found = self._download_json(f"{os.environ['SANDBOX_SITE_URL']}/youtube/playlist/{playlist_id}", playlist_id)
        videos = [self.url_result(WATCH + video, YoutubeIE, video) for video in found["videos"]]
        return self.playlist_result(videos, playlist_id, found["title"])
