"""yt-dlp in a process of its own: one request on stdin, JSON lines back (the wire: child.py), and the end.

    {"url", "download", "any_site", "max_height", "max_bytes", "max_duration_s", "cookies", "proxy"}

    {"progress": 0.4}                            of all bytes together; only when there are new ones
    {"grown": 4096}                              new bytes in the folder, whoever writes them: yt-dlp or ffmpeg
    {"sound": "video.mp4.part", "whole": false}  the file in which the sound grows; again, when it is whole
    {"video": {...}}                             the answer to a question: what yt-dlp knows, and "expected_bytes"
    {"file": "video.mp4"}                        the answer to a download: its name in the working directory
    {"refused": "live", "begins": 1795453200}    or upcoming, post_live; a Unix time, or null
    {"refused": "playlist"}                      or too_long, too_big, too_much, no_web_stream
    {"error": text, "status", "retry_after"}     in yt-dlp's own words; status and seconds may be null

It is run by itself, so it imports nothing of ours.
"""

import copy
import io
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import imageio_ffmpeg
from yt_dlp import YoutubeDL
from yt_dlp.cookies import CookieLoadError
from yt_dlp.networking.exceptions import HTTPError
from yt_dlp.utils import DownloadCancelled, YoutubeDLError

TELL_EVERY_S = 0.2
WEB = {"http", "https"}
FFMPEG_MAY_USE = "http,https,httpproxy,tcp,tls,crypto,data"
"""ffmpeg's own list for what comes by http has rtp and udp, too, which know no proxy: an SDP file would open them."""
TOLD = (
    *("title", "webpage_url", "channel", "uploader", "duration", "availability"),
    *("timestamp", "release_timestamp", "upload_date", "release_date"),
)
"""What of yt-dlp's knowledge is passed on."""

Json = dict[str, Any]
Info = Any
"""yt-dlp's account of a video, a dictionary; its published types leave out half of the keys."""
Tell = Callable[..., None]
Hook = Callable[[Json], None]
"""Takes yt-dlp's reports of progress."""


class RefusedError(DownloadCancelled):
    """Something that we do not take, or not yet."""

    def __init__(self, why: str, **more: Any) -> None:
        super().__init__(why)
        self.event = {"refused": why, **more}


def main() -> None:
    """Answer the one request."""
    tell = open_wire()
    respond(json.loads(sys.stdin.readline()), tell)


def respond(request: Json, tell: Tell) -> None:
    """Tell the answer to a request, or why there is none."""
    try:
        with YoutubeDL(options(request)) as ydl:
            tell(**answer(ydl, request, tell))
    except RefusedError as refused:
        tell(**refused.event)
    except MemoryError:
        tell(refused="too_much")
    except YoutubeDLError as error:
        tell(error=str(error), **http_details(error))


def open_wire() -> Tell:
    """Return what writes an event; from here on everything else that is printed goes to stderr."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    lock = threading.Lock()

    def tell(**event: Any) -> None:
        with lock:
            events.write(json.dumps(event) + "\n")

    return tell


def options(request: Json) -> Any:
    """Return yt-dlp's options; those not named here keep their safe default (no outside downloader, no netrc, ...)."""
    return {
        "quiet": True,
        "noprogress": True,
        "color": "no_color",
        "allowed_extractors": ["default"] if request["any_site"] else ["default", "-generic"],
        "noplaylist": True,
        "extract_flat": "in_playlist",
        "playlist_items": "1:2",  # enough to see that it is more than one
        "ignore_no_formats_error": True,  # so that a stream that has not begun says so
        "format": "bv*+ba/b",
        # The smaller side counts; with nothing that small, the next bigger. H.264 and AAC play everywhere.
        "format_sort": ["lang", f"res:{request['max_height']}", "vcodec:h264", "acodec:aac"],
        "outtmpl": "video.%(format_id).60s.%(ext)s",  # a part left from another format is not gone on with
        "restrictfilenames": True,
        "updatetime": False,
        "keepvideo": True,  # the sound that came apart is still being heard when it has become part of the video
        "retries": 3,
        "fragment_retries": 3,
        "retry_sleep_functions": {"http": back_off, "fragment": back_off},
        "skip_unavailable_fragments": False,  # a video with holes is no video
        "ffmpeg_location": imageio_ffmpeg.get_ffmpeg_exe(),
        "external_downloader_args": {"ffmpeg_i": ["-loglevel", "warning", "-protocol_whitelist", FFMPEG_MAY_USE]},
        **({"cookiefile": cookie_jar(request["cookies"])} if request["cookies"] else {}),
        **({"proxy": request["proxy"]} if request["proxy"] else {}),
    }


def cookie_jar(path: str) -> io.StringIO:
    """Return the cookies in memory: yt-dlp would write the file anew at the end, whoever else reads it."""
    try:
        return io.StringIO(Path(path).read_text("utf-8"))
    except OSError as error:
        raise CookieLoadError(f"failed to load cookies: {error.strerror}") from error


def back_off(n: int) -> float:
    """Return the seconds to wait before the nth retry; yt-dlp gives `n` by its name."""
    return float(2**n)


def answer(ydl: YoutubeDL, request: Json, tell: Tell) -> Json:
    """Look at the video, then download it if asked to."""
    info = find_video(ydl, request["url"])
    if (info.get("duration") or 0) > request["max_duration_s"]:
        raise RefusedError("too_long")
    parts = info.get("requested_formats") or [info]
    if any(urlsplit(part["url"]).scheme not in WEB for part in parts):  # rtmp, mms, websockets: past the proxy
        raise RefusedError("no_web_stream")
    meter = Meter(parts, request["max_bytes"], tell)
    if not request["download"]:
        return {"video": {key: info.get(key) for key in TOLD} | {"expected_bytes": expected_bytes(parts)}}
    threading.Thread(target=watch_folder, args=(tell,), daemon=True).start()
    if len(parts) > 1:
        ahead = SoundAhead(ydl, request, info, [meter, SoundTeller(tell)])
        ahead.start()
        file = fetch(ydl, info, [meter, ahead.wait_for])
        for part in Path().glob("video.*"):
            if part.name not in {file.name, ahead.file.name}:
                part.unlink()
    else:
        file = fetch(ydl, info, [meter, SoundTeller(tell)])
    whole = file.rename(file.with_name(f"video{file.suffix}"))
    if len(parts) == 1:
        tell(sound=whole.name, whole=True)
    return {"file": whole.name}


def fetch(ydl: YoutubeDL, info: Info, hooks: list[Hook]) -> Path:
    """Download a video that `ydl` has looked at, and return its file."""
    for hook in hooks:
        ydl.add_progress_hook(hook)
    result: Info = ydl.process_ie_result(info, download=True)
    [download] = result["requested_downloads"]
    return Path(download["filepath"])


class SoundAhead(threading.Thread):
    """Fetches the sound beside the picture, to where yt-dlp looks for it before it fetches it itself.

    Should that fail, yt-dlp goes on with what is there, and tells why if it fails too.
    """

    def __init__(self, ydl: YoutubeDL, request: Json, info: Info, hooks: list[Hook]) -> None:
        super().__init__(daemon=True)
        sound = next(part for part in info["requested_formats"] if part.get("vcodec") == "none")
        self.file = Path(ydl.prepare_filename(info)).with_suffix(f".f{sound['format_id']}.{sound['ext']}")
        ours = {"format": sound["format_id"], "outtmpl": self.file.name.replace("%", "%%"), "fixup": "never"}
        self._options = options(request) | ours
        self._info = copy.deepcopy({key: value for key, value in info.items() if key != "requested_formats"})
        self._hooks = hooks

    def run(self) -> None:
        with suppress(YoutubeDLError), YoutubeDL(self._options) as ydl:
            fetch(ydl, self._info, self._hooks)

    def wait_for(self, state: Json) -> None:
        """Wait for it at the end of the picture; a progress hook."""
        if state["status"] == "finished":
            self.join()


class SoundTeller:
    """Tells where the sound grows, as a progress hook of yt-dlp's."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._told = ""

    def __call__(self, state: Json) -> None:
        is_whole = state["status"] == "finished" and state["info_dict"].get("vcodec") == "none"
        file = state["filename"] if is_whole else state.get("tmpfilename", self._told)
        if file != self._told:
            self._told = file
            self._tell(sound=file, whole=is_whole)


def find_video(ydl: YoutubeDL, url: str) -> Info:
    """Return yt-dlp's account of the one video behind a link; raise why it cannot be had."""
    info = only_video(ydl, url)
    if info.get("live_status") in {"is_live", "is_upcoming", "post_live"}:
        raise RefusedError(info["live_status"].removeprefix("is_"), begins=info.get("release_timestamp"))
    if not info.get("url") and not info.get("requested_formats"):
        ydl.params["ignore_no_formats_error"] = False
        info = only_video(ydl, url)  # raises, with the site's reason
    return info


def only_video(ydl: YoutubeDL, url: str) -> Info:
    """Look behind lists of one; refuse the longer ones."""
    info: Info = ydl.extract_info(url, download=False)
    while "entries" in info:
        entries = list(info["entries"])
        if len(entries) != 1:
            raise RefusedError("playlist")
        [info] = entries
        if info.get("_type", "video") != "video":
            info = ydl.extract_info(info["url"], download=False)
    return info


def expected_bytes(parts: list[Json]) -> int | None:
    """Return the size of all parts together; None where the site does not tell each."""
    sizes = [size_of(part) for part in parts]
    return sum(sizes) if all(sizes) else None


def size_of(part: Json) -> int:
    """Return the size that a format is said to have, in bytes; 0 if none."""
    return int(part.get("filesize") or part.get("filesize_approx") or 0)


class Meter:
    """Counts the bytes of all parts together, as yt-dlp's progress hook."""

    def __init__(self, parts: list[Json], max_bytes: int, tell: Tell) -> None:
        """Expect the parts, formats of yt-dlp; raise RefusedError if the site itself says that they are too big."""
        self._expected = {part["format_id"]: size_of(part) for part in parts}
        self._done = dict.fromkeys(self._expected, 0)
        self._max_bytes = max_bytes
        self._tell = tell
        self._told_at = 0.0
        self._told = (0, 0.0)
        self._lock = threading.Lock()
        self._refuse_above(sum(part.get("filesize") or 0 for part in parts))

    def __call__(self, state: Json) -> None:
        """Take one report of yt-dlp's."""
        with self._lock:
            self._take(state)

    def _take(self, state: Json) -> None:
        part, total = state["info_dict"]["format_id"], state.get("total_bytes")
        self._done[part] = state.get("downloaded_bytes") or total or 0
        self._expected[part] = total or state.get("total_bytes_estimate") or self._expected.get(part, 0)
        self._refuse_above(max(sum(self._done.values()), total or 0))
        if state["status"] == "finished":
            self._expected[part] = self._done[part]
        elif time.monotonic() - self._told_at < TELL_EVERY_S:
            return
        done, fraction = sum(self._done.values()), max(self._fraction(), self._told[1])
        if done > self._told[0]:
            self._told_at, self._told = time.monotonic(), (done, fraction)
            self._tell(progress=fraction)

    def _fraction(self) -> float:
        """Return how much is done; where a part's size is not known, each part counts the same."""
        if all(self._expected.values()):
            return min(1.0, sum(self._done.values()) / sum(self._expected.values()))
        shares = (min(1.0, self._done[part] / size) for part, size in self._expected.items() if size)
        return sum(shares) / len(self._expected)

    def _refuse_above(self, size: int) -> None:
        if size > self._max_bytes:
            raise RefusedError("too_big")


def watch_folder(tell: Tell) -> NoReturn:
    """Tell by how much the files have grown, by whomever: yt-dlp does not report what ffmpeg writes."""
    before = 0
    while True:
        time.sleep(1)
        with suppress(FileNotFoundError):  # renamed while we looked
            size = sum(file.stat().st_size for file in Path().iterdir())
            if size > before:
                tell(grown=size - before)
            before = size


def http_details(error: BaseException) -> Json:
    """Return the HTTP answer behind an error: its status, and the seconds it asks us to wait."""
    answer = next((cause for cause in causes(error) if isinstance(cause, HTTPError)), None)
    if answer is None:
        return {"status": None, "retry_after": None}
    wait = answer.response.headers.get("Retry-After") or ""
    return {"status": answer.status, "retry_after": int(wait) if wait.isdigit() else None}


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and what lies behind it; yt-dlp keeps that in attributes of its own."""
    while error is not None:
        yield error
        inner = (getattr(error, "exc_info", None) or (None, None))[1]
        error = inner if inner is not error and inner else getattr(error, "cause", None) or error.__context__


if __name__ == "__main__":
    main()
