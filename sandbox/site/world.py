"""A video site: clips as files, streams and pages, slow or broken on demand, and the sandbox's side of YouTube."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path
from typing import Any, get_args

import av
from aiohttp import web

from sandbox.media import SPEECH, clip
from sandbox.server import World
from sandbox.site.bad_manners import BadManners
from sandbox.site.wire import Wire
from sandbox.site.youtube import UNKNOWN, Case, YoutubeVideo

PLUGIN = Path(__file__).parents[1] / "youtube"
"""On a yt-dlp process's PYTHONPATH, with SANDBOX_SITE_URL beside it, this makes YouTube's links ours."""
JFK = "jfkspeech01"
"""The id of a YouTube video that can be had."""
TYPES = {
    ".mp4": "video/mp4",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".webm": "video/webm",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
}
CHUNK = 64 * 2**10


def youtube_id(case: Case) -> str:
    """Return the id of the YouTube video that stands for a case, from the start."""
    return JFK if case == "ok" else f"{case:_<11}"


class SiteWorld(World):
    """Serves under /clips the clips of sandbox.media, made on first use in the folder `clips`.

    /stall/<clip> sends half of it and no more; /page/<clip>,<clip> embeds them; /page has none; /status/<code> answers
    with it; /redirect/<path> leads there; /youtube/... is for the plugin; bad_manners.py has the worse ones.
    """

    name = "site"

    def __init__(self, clips: Path) -> None:
        super().__init__()
        self.bytes_per_second: float | None = None
        """How fast a clip is sent, on each connection; `slow` has it by path."""
        self.slow: dict[str, float] = {}
        self.wire = Wire()
        """What all connections share."""
        self.youtube = {
            youtube_id(case): YoutubeVideo(youtube_id(case), f"The {case} video", case=case) for case in get_args(Case)
        }
        self.playlists: dict[str, list[str]] = {"PLsandbox": [JFK, youtube_id("was_live")]}
        self._clips = clips

    @property
    def child_env(self) -> dict[str, str]:
        """What a process must find in its environment for yt-dlp to take YouTube's links to this site."""
        return {"PYTHONPATH": str(PLUGIN), "SANDBOX_SITE_URL": self.url}

    def clip_url(self, name: str) -> str:
        return f"{self.url}/clips/{name}"

    def add_youtube(self, video_id: str, **about: Any) -> YoutubeVideo:
        """Make a video known to YouTube; `about` has YoutubeVideo's fields."""
        self.youtube[video_id] = video = YoutubeVideo(video_id, **({"title": "A video"} | about))
        return video

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.get("/clips/{name}", self._clip),
            web.get("/stall/{name}", self._clip),
            web.get("/page", self._page),
            web.get("/page/{names}", self._page),
            web.route("*", "/status/{code}", self._status),
            web.get("/redirect/{path:.*}", self._redirect),
            *BadManners(self._find).routes(),
            web.get("/youtube/video/{id}", self._youtube_video),
            web.get("/youtube/playlist/{id}", self._youtube_playlist),
        ]

    def _find(self, name: str) -> Path:
        try:
            return clip(self._clips, name)
        except KeyError:
            raise web.HTTPNotFound from None

    async def _clip(self, request: web.Request) -> web.StreamResponse:
        path = await asyncio.to_thread(self._find, request.match_info["name"])
        size = path.stat().st_size
        start, stop, _ = request.http_range.indices(size)
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Type": TYPES[path.suffix],
            "Content-Length": str(stop - start),
            "Last-Modified": formatdate(path.stat().st_mtime, usegmt=True),
        }
        if start >= stop:
            return web.Response(status=416, headers={"Content-Range": f"bytes */{size}"})
        if "Range" in request.headers:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
        response = web.StreamResponse(status=206 if "Range" in request.headers else 200, headers=headers)
        with suppress(ConnectionError):  # whoever asked has left
            await response.prepare(request)
            if request.method != "HEAD":
                await self._send(request, response, path.read_bytes()[start:stop])
        return response

    async def _send(self, request: web.Request, response: web.StreamResponse, content: bytes) -> None:
        if stalls := request.path.startswith("/stall/"):
            content = content[: len(content) // 2]
        rate = self.slow.get(request.path, self.bytes_per_second)
        slowest = min(filter(None, (rate, self.wire.bytes_per_second)), default=None)
        chunk = min(CHUNK, max(int(slowest / 10), 1)) if slowest else CHUNK
        for at in range(0, len(content), chunk):
            piece = content[at : at + chunk]
            await response.write(piece)
            await self.wire.carry(len(piece))
            await asyncio.sleep(chunk / rate if rate else 0)
        if stalls:
            await asyncio.Event().wait()

    async def _page(self, request: web.Request) -> web.Response:
        names = request.match_info.get("names", "").split(",")
        videos = "".join(f'<video src="/clips/{name}" controls></video>' for name in names if name)
        html = f"<!doctype html><html><head><title>A page</title></head><body>{videos}</body></html>"
        return web.Response(text=html, content_type="text/html")

    async def _status(self, request: web.Request) -> web.Response:
        headers = {"Retry-After": request.query["retry_after"]} if "retry_after" in request.query else {}
        return web.Response(status=int(request.match_info["code"]), headers=headers)

    async def _redirect(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(f"/{request.match_info['path']}")

    async def _youtube_video(self, request: web.Request) -> web.Response:
        video = self.youtube.get(request.match_info["id"])
        if video is None:
            return web.json_response(UNKNOWN)
        return web.json_response(await asyncio.to_thread(self._describe, video))

    def _describe(self, video: YoutubeVideo) -> dict[str, Any]:
        with av.open(str(SPEECH.get(video.clip) or self._find(f"{video.clip}.m4a"))) as speech:
            duration = (speech.duration or 0) / av.time_base
        return video.describe(lambda name: (self._find(name).stat().st_size, self.clip_url(name)), round(duration))

    async def _youtube_playlist(self, request: web.Request) -> web.Response:
        return web.json_response({"title": "A playlist", "videos": self.playlists.get(request.match_info["id"], [])})
