"""The dashboard: one page that shows all jobs, live. Acting is done in Discord."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from aiohttp import web

from bot.dashboard.door import LOCKED, Door
from bot.dashboard.picture import PARTS, Json, news, picture
from bot.http import RequestError
from services.jobs.job import Job
from services.overview import Overview

WEB = Path(__file__).with_name("web")
_FILES = {"page.css": "text/css", "page.js": "text/javascript"}
SHOWN = 25
"""Jobs of each part on one page."""
_TROUBLES = 200
"""Failures that are sorted into classes: the last ones."""
_SETTLES_S = 0.5
"""Changes that come closer together are seen as one."""
_LOOK_AGAIN_S = 5.0
"""Without a change: what other processes write into the ledger is seen, and a viewer who has gone is noticed."""
_VIEWERS = 50
_FURTHEST = 10**9


class Dashboard:
    """An observer of jobs; `aclose` ends the event streams, which have no end of their own."""

    def __init__(self, overview: Overview, door: Door) -> None:
        self._overview = overview
        self._door = door
        self._viewers: set[asyncio.Event] = set()
        self._is_closing = False
        self._index = (WEB / "index.html").read_text()
        self._files = {name: (WEB / name).read_bytes() for name in _FILES}

    def routes(self) -> Iterable[web.RouteDef]:
        yield from self._door.routes()
        yield web.get("/", self._door.behind(self._page))
        yield web.get("/events", self._door.behind(self._events), allow_head=False)
        yield web.get("/dashboard/{file}", self._file)

    def notice(self, job: Job) -> None:
        for viewer in self._viewers:
            viewer.set()

    async def aclose(self) -> None:
        self._is_closing = True
        for viewer in self._viewers:
            viewer.set()

    async def _page(self, _: web.Request) -> web.Response:
        return web.Response(text=self._index, content_type="text/html")

    async def _file(self, request: web.Request) -> web.Response:
        """Serve what makes the page look and work; there is nothing in it that anyone may not see."""
        name = request.match_info["file"]
        if name not in self._files:
            raise web.HTTPNotFound
        headers = LOCKED | {"Cache-Control": "no-cache"}
        return web.Response(body=self._files[name], content_type=_FILES[name], charset="utf-8", headers=headers)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send the whole picture, then what changes in it; `?waiting=25` begins that part after the first 25."""
        skips = [_number(request.query.get(part, "0")) for part in PARTS]
        if len(self._viewers) >= _VIEWERS:
            raise RequestError(503, "Too many pages are open: close some, and load this one again.")
        response = web.StreamResponse(headers=LOCKED | {"Content-Type": "text/event-stream"})
        await response.prepare(request)
        moved = asyncio.Event()
        self._viewers.add(moved)
        try:
            with suppress(ConnectionError):  # the page was closed
                await self._stream(response, skips, moved)
        finally:
            self._viewers.discard(moved)
        return response

    async def _stream(self, response: web.StreamResponse, skips: list[int], moved: asyncio.Event) -> None:
        sent: Json = {}
        while not self._is_closing:
            moved.clear()
            now = await self._picture(skips)
            changed = news(sent, now)
            sent = now
            await response.write(f"data: {json.dumps(changed)}\n\n".encode() if changed else b": still here\n\n")
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await moved.wait()
            if not self._is_closing:
                await asyncio.sleep(_SETTLES_S)

    async def _picture(self, skips: list[int]) -> Json:
        standing = await self._overview.everything(skips, SHOWN)
        forecasts = await self._overview.forecasts([*standing.running, *standing.waiting])
        return picture(standing, forecasts, await self._overview.troubles(_TROUBLES))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_FURTHEST))):
        raise RequestError(400, "How many jobs to pass over must be a number.")
    return int(text)
