"""A file comes whole, through the guard, or with an error that says whether to try again."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from services.clients.guard import Guard
from services.clients.web import WebFiles
from services.errors import OperatorError, PermanentError, TransientError

CONTENT = bytes(range(256)) * 8_000


@dataclass
class FileServer:
    """Serves CONTENT with ranges, and misbehaves on other paths."""

    url: str = ""
    ranges: list[str | None] = field(default_factory=list)
    cut_after: int | None = None
    """Bytes of each answer until the connection breaks."""

    async def whole(self, request: web.Request) -> web.StreamResponse:
        self.ranges.append(request.headers.get("Range"))
        wanted = request.http_range
        start = wanted.start or 0
        if start >= len(CONTENT):
            return web.Response(status=416, headers={"Content-Range": f"bytes */{len(CONTENT)}"})
        headers = {"Content-Length": str(len(CONTENT) - start)}
        if start:
            headers["Content-Range"] = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        answer = web.StreamResponse(status=206 if start else 200, headers=headers)
        await answer.prepare(request)
        await answer.write(CONTENT[start : None if self.cut_after is None else start + self.cut_after])
        if self.cut_after is not None:
            await asyncio.sleep(0.05)  # the bytes leave before the connection goes
            assert request.transport is not None
            request.transport.abort()
        return answer

    async def without_ranges(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(body=CONTENT)

    async def of_unknown_size(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        await answer.write(CONTENT)
        return answer

    async def silent(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "5"})
        await answer.prepare(request)
        await asyncio.sleep(5)
        return answer

    async def drip(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000"})
        await answer.prepare(request)
        for _ in range(1000):
            await answer.write(b"x")
            await asyncio.sleep(0.05)
        return answer

    async def loop(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound("/loop")

    async def packed(self, _request: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(CONTENT), headers={"Content-Encoding": "gzip"})

    async def status(self, request: web.Request) -> web.Response:
        return web.Response(status=int(request.match_info["status"]), headers={"Retry-After": "7"})

    async def redirect(self, _request: web.Request) -> web.Response:
        raise web.HTTPFound("/whole")

    async def empty(self, _request: web.Request) -> web.Response:
        return web.Response()


@pytest.fixture
async def server() -> AsyncIterator[FileServer]:
    server = FileServer()
    app = web.Application()
    for handler in (server.whole, server.without_ranges, server.of_unknown_size):
        app.router.add_get(f"/{handler.__name__}", handler)
    for handler in (server.silent, server.redirect, server.empty, server.drip, server.loop, server.packed):
        app.router.add_get(f"/{handler.__name__}", handler)
    app.router.add_get("/status/{status}", server.status)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
async def files(server: FileServer) -> AsyncIterator[WebFiles]:
    async with Guard([server.url.removeprefix("http://")]) as guard:
        yield WebFiles(guard.url, stall_timeout_s=0.3)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "video.mp4"


def bytes_of(path: Path) -> bytes:
    return path.read_bytes()


async def fetch(files: WebFiles, url: str, target: Path, max_bytes: int = 2**30) -> list[float]:
    told: list[float] = []
    await files.fetch_file(url, target, max_bytes=max_bytes, progress=told.append)
    return told


@pytest.mark.parametrize("path", ["whole", "without_ranges", "of_unknown_size", "redirect"])
async def test_a_file_comes_whole(path: str, server: FileServer, files: WebFiles, target: Path) -> None:
    told = await fetch(files, f"{server.url}/{path}", target)

    assert bytes_of(target) == CONTENT
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert [file.name for file in target.parent.iterdir()] == ["video.mp4"]


async def test_where_the_sound_grows_is_told_from_the_start(server: FileServer, files: WebFiles, target: Path) -> None:
    told: list[tuple[str, bool, bool]] = []

    def sound_in(file: Path, *, whole: bool = False) -> None:
        told.append((file.name, whole, file.exists()))

    await files.fetch_file(f"{server.url}/whole", target, max_bytes=2**30, progress=lambda _: None, sound_in=sound_in)

    assert told == [("video.mp4.part", False, True), ("video.mp4", True, True)]


async def test_an_empty_file_is_a_file(server: FileServer, files: WebFiles, target: Path) -> None:
    await fetch(files, f"{server.url}/empty", target)

    assert bytes_of(target) == b""


async def test_a_broken_download_is_resumed_where_it_broke_off(
    server: FileServer, files: WebFiles, target: Path
) -> None:
    server.cut_after = 1_000_000
    for _ in range(2):
        with pytest.raises(TransientError, match="broke"):
            await fetch(files, f"{server.url}/whole", target)
    server.cut_after = None
    await fetch(files, f"{server.url}/whole", target)

    assert bytes_of(target) == CONTENT
    assert server.ranges == [None, "bytes=1000000-", "bytes=2000000-"]


@pytest.mark.parametrize(("path", "part"), [("without_ranges", b"old"), ("whole", CONTENT), ("whole", CONTENT[:-1])])
async def test_what_lies_there_already_never_spoils_the_file(
    path: str, part: bytes, server: FileServer, files: WebFiles, target: Path
) -> None:
    target.with_name("video.mp4.part").write_bytes(part)
    await fetch(files, f"{server.url}/{path}", target)

    assert bytes_of(target) == CONTENT


async def test_a_part_that_does_not_fit_is_thrown_away(server: FileServer, files: WebFiles, target: Path) -> None:
    target.with_name("video.mp4.part").write_bytes(CONTENT + b"more")
    with pytest.raises(TransientError, match="changed"):
        await fetch(files, f"{server.url}/whole", target)
    await fetch(files, f"{server.url}/whole", target)

    assert bytes_of(target) == CONTENT


@pytest.mark.parametrize("path", ["whole", "of_unknown_size"])
async def test_a_file_over_the_limit_is_refused(path: str, server: FileServer, files: WebFiles, target: Path) -> None:
    with pytest.raises(PermanentError, match="larger than 1 MB"):
        await fetch(files, f"{server.url}/{path}", target, max_bytes=2**20)

    assert [file.name for file in target.parent.iterdir()] == ["video.mp4.part"]
    await fetch(files, f"{server.url}/{path}", target, max_bytes=len(CONTENT))


async def test_a_full_disk_is_the_operators_matter(server: FileServer, files: WebFiles, target: Path) -> None:
    target.with_name("video.mp4.part").symlink_to("/dev/full")

    with pytest.raises(OperatorError, match="disk is full"):
        await fetch(files, f"{server.url}/whole", target)


@pytest.mark.parametrize("path", ["silent", "drip"])
async def test_a_server_that_sends_next_to_nothing_is_given_up(
    path: str, server: FileServer, files: WebFiles, target: Path
) -> None:
    with pytest.raises(TransientError, match="stalled"):
        await fetch(files, f"{server.url}/{path}", target)


async def test_an_address_that_leads_round_in_circles_is_not_asked_for_again(
    server: FileServer, files: WebFiles, target: Path
) -> None:
    with pytest.raises(PermanentError, match="circles"):
        await fetch(files, f"{server.url}/loop", target)


async def test_what_comes_packed_is_not_unpacked(server: FileServer, files: WebFiles, target: Path) -> None:
    await fetch(files, f"{server.url}/packed", target)

    assert gzip.decompress(bytes_of(target)) == CONTENT


@pytest.mark.parametrize("status", [403, 404, 410, 400, 451])
async def test_a_refused_file_is_not_asked_for_again(
    status: int, server: FileServer, files: WebFiles, target: Path
) -> None:
    with pytest.raises(PermanentError):
        await fetch(files, f"{server.url}/status/{status}", target)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_server_says_when_to_come_back(
    status: int, server: FileServer, files: WebFiles, target: Path
) -> None:
    with pytest.raises(TransientError) as caught:
        await fetch(files, f"{server.url}/status/{status}", target)

    assert caught.value.retry_after == 7


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_address_inside_is_out_of_reach(scheme: str, target: Path) -> None:
    async with Guard() as guard:
        with pytest.raises(PermanentError, match="not on the public internet"):
            await fetch(WebFiles(guard.url), f"{scheme}://127.0.0.1/whole", target)


async def test_what_is_no_address_is_not_asked_for_again(files: WebFiles, target: Path) -> None:
    with pytest.raises(PermanentError, match="no web address"):
        await fetch(files, "file:///etc/passwd", target)
