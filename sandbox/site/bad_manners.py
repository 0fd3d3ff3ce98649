"""Servers with bad manners: each under a path of its own, with a clip's name behind it."""

import asyncio
import gzip
from collections.abc import Callable, Iterable
from pathlib import Path

from aiohttp import web

DRIP_EVERY_S = 0.05
_ZEROS = gzip.compress(bytes(10 * 2**20))
_UNPACKED_MB = 600


class BadManners:
    """/drip/<clip> sends a byte now and then, for ever; /loop/<clip> leads to itself; /html/<clip> is a page;
    /short/<clip> promises more than it has, /long/<clip> less; /packed/<clip> is a page of zeros, packed.
    """

    def __init__(self, find: Callable[[str], Path]) -> None:
        """`find` returns a clip's file by its name."""
        self._find = find

    def routes(self) -> Iterable[web.RouteDef]:
        manners = (self._drip, self._loop, self._html, self._short, self._long, self._packed)
        return [web.get(f"/{manner.__name__.removeprefix('_')}/{{name}}", manner) for manner in manners]

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        content = await self._content(request)
        answer = await self._promise(request, len(content))
        for at in range(len(content)):
            await answer.write(content[at : at + 1])
            await asyncio.sleep(DRIP_EVERY_S)
        return answer

    async def _loop(self, request: web.Request) -> web.Response:
        raise web.HTTPFound(request.path)

    async def _html(self, request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><html><body>Please sign up.</body></html>", content_type="text/html")

    async def _short(self, request: web.Request) -> web.StreamResponse:
        content = await self._content(request)
        answer = await self._promise(request, len(content) + 1000)
        await answer.write(content)
        await asyncio.sleep(0.05)  # the bytes leave before the connection goes
        if request.transport:
            request.transport.abort()
        return answer

    async def _long(self, request: web.Request) -> web.StreamResponse:
        content = await self._content(request)
        half = len(content) // 2
        answer = await self._promise(request, half)
        await answer.write(content[:half])
        if request.transport:
            request.transport.write(content[half:])
        return answer

    async def _packed(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Encoding": "gzip", "Content-Type": "text/html"}
        answer = web.StreamResponse(headers=headers)
        await answer.prepare(request)
        await answer.write(gzip.compress(b"<!doctype html><html>"))
        for _ in range(_UNPACKED_MB // 10):
            await answer.write(_ZEROS)
        return answer

    async def _content(self, request: web.Request) -> bytes:
        file = await asyncio.to_thread(self._find, request.match_info["name"])
        return await asyncio.to_thread(file.read_bytes)

    async def _promise(self, request: web.Request, size: int) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Type": "video/mp4", "Content-Length": str(size)})
        await answer.prepare(request)
        return answer
