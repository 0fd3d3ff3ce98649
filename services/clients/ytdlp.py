"""Videos behind links, through yt-dlp in a child process (ytdlp_child.py) for each question and each download."""

import os
import re
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from urllib.parse import urlsplit

from services.clients.child import Limits, Message, start
from services.clients.patience import Patience
from services.clients.ytdlp_errors import classify, refusal
from services.errors import TransientError
from services.media import Metadata, Progress, SoundIn, nobody_listens
from services.words import readable

SCRIPT = Path(__file__).with_name("ytdlp_child.py")
LISTINGS = {"public": "Public", "unlisted": "Unlisted"}
ANSWERS = {"video", "file", "refused", "error"}
"""What the child's last event of interest has one of; the folder may still be seen to grow after it."""
_SPARE_BYTES = 64 * 2**20
"""What a file may have above the limit for videos: an index, cookies, yt-dlp's own notes."""
FFMPEGS_WHYS = re.compile(r"HTTP error \d{3}.*|No space left.*|Connection (?:refused|reset|timed out).*")
YOUTUBE_HOSTS = ("youtube.com", "youtu.be", "youtube-nocookie.com")


@dataclass(frozen=True, slots=True, kw_only=True)
class YtDlp:
    """Both methods raise the errors of ytdlp_errors.py; cancelled, they end yt-dlp and all that it started at once.

    A link that no extractor knows is taken only from `open_hosts` ("host:port"), or from any with `allow_any_site`.
    Next to no new byte for `stall_timeout_s` (patience.py) is a TransientError. yt-dlp, and what it starts, may take
    `max_memory_mb` each.
    """

    max_height: int = 720
    max_filesize_mb: int = 10240
    max_duration_s: float = 43200
    cookies: Path | None = None
    proxy: str | None = None
    allow_any_site: bool = False
    open_hosts: tuple[str, ...] = ()
    stall_timeout_s: float = 300.0
    max_memory_mb: int = 2048
    script: Path = SCRIPT

    async def probe(self, url: str) -> Metadata:
        """Return what the site knows of the one video behind a link."""
        return _metadata((await self._ask(url))["video"])

    async def download(self, url: str, folder: Path, progress: Progress, sound_in: SoundIn = nobody_listens) -> Path:
        """Return the whole video, picture and sound in one file `video.<ext>` in `folder`.

        What an earlier call left unfinished there is gone on with. Picture and sound come at once, where the site has
        them apart.
        """
        file: str = (await self._ask(url, folder, progress, sound_in))["file"]
        progress(1.0)
        return folder / file

    async def _ask(
        self,
        url: str,
        folder: Path | None = None,
        progress: Progress = lambda _: None,
        sound_in: SoundIn = nobody_listens,
    ) -> Message:
        limits = Limits(memory=self.max_memory_mb * 2**20, file=self.max_filesize_mb * 2**20 + _SPARE_BYTES)
        async with aclosing(await start(self.script, cwd=folder, env=_environment(), limits=limits)) as child:
            child.send(self._request(url, download=folder is not None))
            try:
                async with Patience(self.stall_timeout_s) as patience:
                    async for event in child.events():
                        if event.keys() & ANSWERS:
                            return _checked(event, _site(url), child.last_words)
                        if "grown" in event:
                            patience.take(event["grown"])
                        elif "progress" in event:
                            progress(event["progress"])
                        elif "sound" in event and folder is not None:
                            sound_in(folder / event["sound"], whole=event["whole"])
            except TimeoutError:
                raise TransientError(
                    f"{_site(url)} stalled: hardly anything came for {self.stall_timeout_s:g} s."
                ) from None
            raise child.unexpected_end("The downloader")

    def _request(self, url: str, *, download: bool) -> Message:
        return {
            "url": url,
            "download": download,
            "any_site": self.allow_any_site or _address(url) in self.open_hosts,
            "max_height": self.max_height,
            "max_bytes": self.max_filesize_mb * 2**20,
            "max_duration_s": self.max_duration_s,
            "cookies": self.cookies and str(self.cookies.resolve()),
            "proxy": self.proxy,
        }


def _environment() -> dict[str, str]:
    """As ours, but for what it says of proxies: with NO_PROXY, ffmpeg and libcurl would go past the guard.

    yt-dlp's plugins come only from where the operator has put them, on PYTHONPATH.
    """
    ours = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return ours if "PYTHONPATH" in ours else ours | {"YTDLP_NO_PLUGINS": "1"}


def _checked(answer: Message, site: str, last_words: str) -> Message:
    """Return the child's answer if it is what was asked for; of ffmpeg's reasons, yt-dlp tells none."""
    if "error" in answer:
        whys = FFMPEGS_WHYS.findall(last_words) if "ffmpeg exited" in answer["error"] else []
        raise classify(
            ": ".join([answer["error"], *whys[-1:]]), answer["status"], site=site, retry_after=answer["retry_after"]
        )
    if "refused" in answer:
        raise refusal(answer["refused"], site=site, begins=answer.get("begins"))
    return answer


def _metadata(video: Message) -> Metadata:
    day = video["upload_date"] or video["release_date"]
    moment = video["timestamp"] or video["release_timestamp"]
    return Metadata(
        title=readable(video["title"] or "") or "Untitled video",
        url=readable(video["webpage_url"]),
        uploader=readable(video["channel"] or video["uploader"] or "") or None,
        published_on=date.fromisoformat(day) if day else None,
        published_at=datetime.fromtimestamp(moment, timezone.utc) if moment else None,
        duration_s=video["duration"],
        listing=LISTINGS.get(video["availability"]),
        expected_bytes=video["expected_bytes"],
    )


def _address(url: str) -> str:
    """`host:port` of a link, as settings name it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _site(url: str) -> str:
    """Return what people call the place behind a link."""
    host = (urlsplit(url).hostname or "The site").removeprefix("www.")
    return "YouTube" if any(host == youtube or host.endswith(f".{youtube}") for youtube in YOUTUBE_HOSTS) else host
