"""A site that sends whoever asks it to an address inside, and the canary that notes who comes there."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from string import Template

from aiohttp import web

from tests.integration.inward_links import TRICKS, Reply

MPEG_TS = (b"\x47\x40\x00\x10" + bytes(184)) * 20
"""Twenty packets of nothing; enough for a demuxer to see what it is."""


class Canary:
    """A server on both loopback addresses that notes each connection, and each request's head."""

    def __init__(self, status: str = "404 Not Found") -> None:
        self._status = status
        self.connections = 0
        self.heads: list[bytes] = []
        self.port = 0

    @asynccontextmanager
    async def singing(self) -> AsyncIterator["Canary"]:
        with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listening:
            self.port = listening.getsockname()[1]
            async with await asyncio.start_server(self._answer, sock=listening):
                yield self

    async def is_reached(self, before: int) -> bool:
        """Return whether there are more connections than `before`, as soon as there are, or else after a second."""
        for _ in range(100):
            if self.connections > before:
                return True
            await asyncio.sleep(0.01)
        return False

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(0.2):  # who comes by ftp waits for our word
                self.heads.append(await reader.read(2**16))
            writer.write(f"HTTP/1.1 {self._status}\r\nContent-Length: 5\r\n\r\ntweet".encode())
        with suppress(OSError):
            writer.close()
            await writer.wait_closed()


class HostileSite:
    """Serves the files of inward_links.TRICKS under /<trick>/<file>, with the canary's address written into them."""

    def __init__(self, canary: Canary) -> None:
        self._canary = canary
        self.address = ""
        """`host:port`."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["HostileSite"]:
        app = web.Application()
        app.router.add_get("/{trick}/{file}", self._serve)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.address = f"127.0.0.1:{runner.addresses[0][1]}"
        yield self
        await runner.cleanup()

    def link(self, trick: str) -> str:
        return f"http://{self.address}/{trick}/{next(iter(TRICKS[trick].files))}"

    async def _serve(self, request: web.Request) -> web.Response:
        trick, file = request.match_info["trick"], request.match_info["file"]
        if file.endswith(".ts"):
            return web.Response(body=MPEG_TS, content_type="video/mp2t")
        reply = TRICKS[trick].files.get(file, Reply(404))
        if reply.to_ffmpeg is not None and "Icy-MetaData" in request.headers:  # as only ffmpeg asks
            reply = reply.to_ffmpeg
        places = {
            "inside": f"127.0.0.1:{self._canary.port}",
            "port": str(self._canary.port),
            "here": f"http://{self.address}/{trick}",
        }
        headers = {name: Template(text).substitute(places) for name, text in reply.headers.items()}
        body = Template(reply.body).substitute(places).encode()
        return web.Response(status=reply.status, headers={"Content-Type": reply.type, **headers}, body=body)
