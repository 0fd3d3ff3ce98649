"""No link, page, stream or file makes the bot ask an address inside; with the guard switched off, each of them does.

The table is inward_links.py. The guard's own rules are in test_guard.py.
"""

import asyncio
import ipaddress
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import aclosing, asynccontextmanager, suppress
from importlib.util import find_spec
from itertools import chain, repeat
from pathlib import Path
from typing import Protocol

import av
import pytest
from av.error import FFmpegError

from services.clients import ytdlp
from services.clients.child import start
from services.clients.guard import Guard
from services.clients.media_tool import take_apart
from services.clients.recogniser.refusal import RefusedError
from services.clients.recogniser.sound import whole_sound
from services.clients.web import WebFiles
from services.clients.ytdlp import YtDlp
from services.errors import AuditscribeError, PermanentError
from tests.integration.hostile_site import Canary, HostileSite
from tests.integration.inward_links import (
    ABSOLUTE,
    ADDRESSES,
    ESCAPED,
    FOR_FFMPEG,
    HARMLESS,
    LOOK_ALIKES,
    OUTSIDE,
    PAGES,
    REBINDING,
    REDIRECTS,
    REFUSED_BY_FFMPEG,
    SPELLINGS,
    Trick,
)

MANY_LINKS = Path(__file__).with_name("many_links.py")


ALL = REDIRECTS | PAGES | FOR_FFMPEG
SOME = dict([*ALL.items()][::4])
"""A quarter of them in each run of the tests, all of them in the long one."""


class OpenGuard(Guard):
    """Switched off: it lets everything through."""

    async def _addresses(self, host: str, port: int) -> list[str]:
        return await self._resolve(host, port)


class Ask(Protocol):
    """Asks yt-dlp for a link; returns the error that people would be told, None if there was none."""

    async def __call__(
        self, url: str, proxy: str | None, *, way: str = "requests", bare: bool = False, any_site: bool = True
    ) -> AuditscribeError | None: ...


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    async with Canary().singing() as canary:
        yield canary


@pytest.fixture
async def site(canary: Canary) -> AsyncIterator[HostileSite]:
    async with HostileSite(canary).open() as site:
        yield site


@pytest.fixture
async def guard(canary: Canary, site: HostileSite) -> AsyncIterator[Guard]:
    """To it the hostile site is outside; the canary's port is a web port, so that only its address can be refused."""
    async with Guard([site.address], ports=[80, 443, canary.port]) as guard:
        yield guard


@asynccontextmanager
async def a_downloader(folder: Path) -> AsyncIterator[Ask]:
    async with aclosing(await start(MANY_LINKS, cwd=folder, env=ytdlp._environment())) as child:
        events = child.events()

        async def ask(
            url: str, proxy: str | None, *, way: str = "requests", bare: bool = False, any_site: bool = True
        ) -> AuditscribeError | None:
            request = YtDlp(proxy=proxy, allow_any_site=any_site)._request(url, download=True)
            child._stderr = b""
            child.send(request | {"way": way, "bare": bare})
            async for event in events:
                if event.keys() & ytdlp.ANSWERS:
                    try:
                        ytdlp._checked(event, ytdlp._site(url), child.last_words)
                    except AuditscribeError as error:
                        return error
                    return None
            raise child.unexpected_end("The downloader")

        yield ask


Fetch = Callable[[str | None], Awaitable[AuditscribeError | None]]
"""Asks through a proxy, or without one."""
Case = tuple[str, Fetch, str | None]
"""Its name, what asks, and what people are to be told (a pattern; None: whatever it is)."""

REFUSED = "not on the public internet|no web address"


async def wrongs_of(cases: Iterable[Case], canary: Canary, guard: Guard, off: str | None = None) -> list[str]:
    """Return what is wrong with each case that is none, that gets inside, or of which people are told another thing.

    `off` is the proxy instead of the guard, when that is switched off.
    """
    wrongs = []
    for name, fetch, says in cases:
        before = canary.connections
        await fetch(off)
        if not await canary.is_reached(before):
            wrongs.append(f"{name}: it does not get inside without the guard either")
        before = canary.connections
        error = await fetch(guard.url)
        await asyncio.sleep(0.01)
        if canary.connections > before:
            wrongs.append(f"{name}: it gets inside")
        elif says is not None and not says_why(error, says):
            wrongs.append(f"{name}: {error!r}")
    return wrongs


def says_why(error: AuditscribeError | None, pattern: str) -> bool:
    """Whether it is for ever, and told in one plain sentence."""
    text = str(error)
    is_one_sentence = text.endswith(".") and ". " not in text and "\n" not in text and "://" not in text
    return isinstance(error, PermanentError) and is_one_sentence and re.search(pattern, text) is not None


def test_there_are_more_than_sixty_spellings_and_tricks() -> None:
    assert len({*SPELLINGS, *ESCAPED, *ABSOLUTE, *ADDRESSES, *ALL}) > 60


@pytest.mark.parametrize("tricks", [SOME, pytest.param(ALL, marks=pytest.mark.long)], ids=["some", "all"])
async def test_no_page_or_stream_leads_yt_dlp_inside(
    tricks: dict[str, Trick], canary: Canary, site: HostileSite, guard: Guard, tmp_path: Path
) -> None:
    async with a_downloader(tmp_path) as ask:

        def case(name: str, trick: Trick) -> Case:
            return name, lambda proxy: ask(site.link(name), proxy, way=trick.way), trick.says

        cases = [case(name, trick) for name, trick in tricks.items()]
        assert await wrongs_of(cases, canary, guard) == []


async def test_ffmpeg_takes_nothing_but_http(canary: Canary, site: HostileSite, guard: Guard, tmp_path: Path) -> None:
    async with a_downloader(tmp_path) as ask:
        for name in REFUSED_BY_FFMPEG:
            async with asyncio.timeout(8):  # for datagrams it would wait longer
                assert says_why(await ask(site.link(name), guard.url), "cannot be read"), name

    assert canary.connections == 0


async def test_a_stream_that_does_not_come_over_http_is_refused(
    canary: Canary, site: HostileSite, tmp_path: Path
) -> None:
    async with a_downloader(tmp_path) as ask:
        assert says_why(await ask(site.link("rtmp"), None), "only over http")

    assert canary.connections == 0


@pytest.mark.parametrize("way", ["requests", "urllib", "curl_cffi"])
async def test_no_spelling_gets_yt_dlp_inside(way: str, canary: Canary, guard: Guard, tmp_path: Path) -> None:
    if way == "curl_cffi":
        pytest.importorskip(way)
    async with a_downloader(tmp_path) as ask:

        def case(scheme: str, host: str) -> Case:
            url = f"{scheme}://{host}:{canary.port}/a.mp4"
            stumbles = way == "curl_cffi" and scheme == "http" and "[" in host  # libcurl, before it asks the proxy
            return url, lambda proxy: ask(url, proxy, way=way, bare=True), None if stumbles else REFUSED

        hosts = [*SPELLINGS, *ESCAPED, *(ABSOLUTE if way == "curl_cffi" else ())]
        assert await wrongs_of([case(s, host) for host in hosts for s in ("http", "https")], canary, guard) == []


async def test_what_the_environment_says_of_proxies_is_not_heard(
    canary: Canary, site: HostileSite, guard: Guard, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    ways = ["requests", "urllib", *(["curl_cffi"] if find_spec("curl_cffi") else [])]
    async with a_downloader(tmp_path) as ask:
        for way in ways:
            await ask(f"http://127.0.0.1:{canary.port}/", guard.url, way=way, bare=True)
        await ask(site.link("ffmpeg: segment"), guard.url)
        await ask(site.link("redirect 302"), guard.url)

    assert canary.connections == 0


async def test_a_websocket_does_not_get_inside(canary: Canary, guard: Guard, tmp_path: Path) -> None:
    async with a_downloader(tmp_path) as ask:
        url = f"ws://127.0.0.1:{canary.port}/"
        assert await wrongs_of([(url, lambda proxy: ask(url, proxy, bare=True), "only over http")], canary, guard) == []


async def fetched(url: str, proxy: str, folder: Path) -> AuditscribeError | None:
    """Fetch an attachment; return the error that people would be told."""
    try:
        files = WebFiles(proxy, stall_timeout_s=5)
        await files.fetch_file(url, folder / "file", max_bytes=1000, progress=lambda _: None)
    except AuditscribeError as error:
        return error
    return None


async def test_no_spelling_or_redirect_gets_an_attachment_from_inside(
    canary: Canary, site: HostileSite, guard: Guard, tmp_path: Path
) -> None:
    links = [
        f"{scheme}://{host}:{canary.port}/a.mp4" for host in (*SPELLINGS, *ABSOLUTE) for scheme in ("http", "https")
    ]
    links += [site.link(name) for name in REDIRECTS]

    def case(url: str) -> Case:
        return url, lambda proxy: fetched(url, str(proxy), tmp_path), REFUSED

    async with OpenGuard() as off:
        assert await wrongs_of([case(url) for url in links], canary, guard, off.url) == []


def play(file: Path) -> None:
    """Open a file as careless programs do."""
    with suppress(FFmpegError), file.open("rb") as content, av.open(content, "r"):
        pass


async def test_a_playlist_that_is_posted_as_a_video_is_not_followed(canary: Canary, tmp_path: Path) -> None:
    file = tmp_path / "video.m3u8"
    file.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{canary.port}/a.ts\n#EXT-X-ENDLIST\n"
    )
    await asyncio.to_thread(play, file)
    assert canary.connections > 0
    before = canary.connections

    with pytest.raises(PermanentError, match="not a video"):
        await take_apart(file, tmp_path)
    with pytest.raises(RefusedError):
        await asyncio.to_thread(lambda: list(whole_sound(file)))

    assert canary.connections == before


async def test_a_look_alike_of_youtube_is_a_site_that_nobody_knows(tmp_path: Path) -> None:
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with a_downloader(tmp_path) as ask, Guard(resolve=resolve) as guard:
        for link in LOOK_ALIKES:
            assert says_why(await ask(link, guard.url, any_site=False), "knows no way"), link
    assert asked == []


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The routes of a network with gateways for NAT64 and 6to4, on which OUTSIDE is this machine too."""
    connect = asyncio.open_connection

    async def routed(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        ip = ipaddress.ip_address(host)
        if isinstance(ip, ipaddress.IPv6Address):
            inner = ip.sixtofour or (ipaddress.IPv4Address(ip.packed[-4:]) if host.startswith("64:") else ip)
            return await connect(str(inner), port)
        return await connect("127.0.0.1" if host == OUTSIDE else host, port)

    monkeypatch.setattr(asyncio, "open_connection", routed)


@pytest.mark.usefixtures("internet")
@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_harmless_name_does_not_lead_inside(address: str, canary: Canary, tmp_path: Path) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return [address]

    link = f"http://{HARMLESS}:{canary.port}/a.mp4"
    async with Guard([f"{HARMLESS}:{canary.port}"], resolve=resolve) as off:
        await fetched(link, off.url, tmp_path)
    assert canary.connections == 1

    async with Guard(ports=[canary.port], resolve=resolve) as on:
        assert says_why(await fetched(link, on.url, tmp_path), REFUSED)
    assert canary.connections == 1


@pytest.mark.usefixtures("internet")
async def test_a_name_that_leads_inside_the_second_time_is_refused_then(
    canary: Canary, site: HostileSite, tmp_path: Path
) -> None:
    def rebinding() -> Callable[[str, int], Awaitable[list[str]]]:
        answers = chain([OUTSIDE], repeat("127.0.0.1"))

        async def resolve(_host: str, _port: int) -> list[str]:
            return [next(answers)]

        return resolve

    ports = [int(site.address.rpartition(":")[2]), canary.port]
    [name] = REBINDING
    link = site.link(name).replace("127.0.0.1", HARMLESS)
    off = Guard([f"{HARMLESS}:{port}" for port in ports], resolve=rebinding())
    on = Guard(ports=ports, resolve=rebinding())
    async with a_downloader(tmp_path) as ask, off, on:
        await ask(link, off.url)
        assert canary.connections > 0
        before = canary.connections

        assert says_why(await ask(link, on.url), REFUSED)

    assert canary.connections == before
