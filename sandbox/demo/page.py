"""The demo's page: Discord, Notion and Drive side by side, live, and a person may act in it."""

import json
from collections.abc import Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Self

from aiohttp import web

from sandbox.demo.deeds import Deeds
from sandbox.demo.people import people_of, shown
from sandbox.demo.snapshot import snapshot
from sandbox.demo.watch import changes
from sandbox.server import Handler
from sandbox.worlds import Worlds

WEB = Path(__file__).parent / "web"
PORTS = range(5555, 5655)
LARGEST = 500 * 2**20
"""Bytes of a file that Discord takes from its best customers."""
LOCKED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "
    "connect-src 'self'; media-src 'self' http://127.0.0.1:*; form-action 'self'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
}
"""Titles and files come from anywhere: nothing in them may run."""


class Page:
    """The page's server, to be used with `async with`; `links` are offered for posting, by what they are."""

    def __init__(self, worlds: Worlds, links: Mapping[str, str]) -> None:
        self.url = ""
        self._worlds = worlds
        self._links = links
        self._people = people_of(worlds.discord)
        app = web.Application(middlewares=[_only_from_here], client_max_size=LARGEST)
        app.on_response_prepare.append(_lock)
        app.add_routes(
            [
                web.get("/", self._index),
                web.static("/web", WEB),
                web.get("/events", self._events),
                web.get("/attachments/{message}/{id}", self._attachment),
                web.get("/files/{id}", self._file),
                *Deeds(worlds.discord, self._people).routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        self.url = await _listen(self._runner)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _index(self, request: web.Request) -> web.FileResponse:
        return web.FileResponse(WEB / "index.html")

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """Send a whole snapshot at each change, for as long as the page is open."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
        with suppress(ConnectionError):  # the page was closed
            await response.prepare(request)
            async with aclosing(changes(self._worlds)) as moments:
                async for _ in moments:
                    people = shown(self._worlds.discord, self._people)
                    seen = snapshot(self._worlds) | {"links": self._links, "people": people}
                    await response.write(f"data: {json.dumps(seen)}\n\n".encode())
        return response

    async def _attachment(self, request: web.Request) -> web.Response:
        """Lead to the attachment's url of the moment: it expires."""
        with suppress(LookupError):
            for file in self._worlds.discord.message(request.match_info["message"])["attachments"]:
                if file["id"] == request.match_info["id"]:
                    raise web.HTTPFound(file["url"])
        raise web.HTTPNotFound

    async def _file(self, request: web.Request) -> web.Response:
        for file in self._worlds.drive.files():
            if file["id"] == request.match_info["id"]:
                charset = "utf-8" if file["mimeType"].startswith(("text/", "application/x-subrip")) else None
                content = self._worlds.drive.content(file["id"])
                return web.Response(body=content, content_type=file["mimeType"], charset=charset)
        raise web.HTTPNotFound


async def _listen(runner: web.AppRunner) -> str:
    """Take the first free port; return the address."""
    for port in PORTS:
        with suppress(OSError):  # somebody else's
            await web.TCPSite(runner, "127.0.0.1", port).start()
            return f"http://127.0.0.1:{port}"
    raise OSError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free")


@web.middleware
async def _only_from_here(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let no other site act through the page."""
    if request.method == "POST" and request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise web.HTTPForbidden(text="Only this page acts here.")
    return await handler(request)


async def _lock(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(LOCKED)
