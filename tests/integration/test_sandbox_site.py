"""The sandbox's video site, asked by the real yt-dlp and by plain HTTP."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.media import FORMS
from sandbox.site.world import JFK, SiteWorld, youtube_id
from sandbox.site.youtube import Case

ASK = """
import json, sys, yt_dlp
options = {"quiet": True, "noplaylist": True, "extract_flat": "in_playlist", "cachedir": False}
def tell(url):
    try:
        return ydl.sanitize_info(ydl.extract_info(url, download=False))
    except yt_dlp.DownloadError as error:
        return {"error": str(error)}
with yt_dlp.YoutubeDL(options) as ydl:
    print(json.dumps([tell(url) for url in sys.argv[1:]]))
"""
WATCH = "https://www.youtube.com/watch?v="


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
async def site(clips: Path) -> AsyncIterator[SiteWorld]:
    world = SiteWorld(clips)
    await world.start()
    yield world
    await world.stop()


async def yt_dlp_says(site: SiteWorld, tmp_path: Path, *urls: str) -> list[dict[str, Any]]:
    """What a script with the real yt-dlp tells of links, run as production runs its own: with -P, elsewhere."""
    script = tmp_path / "ask.py"
    script.write_text(ASK)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(script), *urls),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=tmp_path,
        env={**os.environ, **site.child_env},
    )
    out, _ = await process.communicate()
    told: list[dict[str, Any]] = json.loads(out)
    return told


async def test_yt_dlp_finds_the_video_behind_a_link(site: SiteWorld, tmp_path: Path) -> None:
    paths = ("clips/jfk.mp4", "clips/jfk.webm", "clips/jfk.m3u8", "page/jfk.mp4", "redirect/clips/jfk.mp4")

    *found, two, none = await yt_dlp_says(
        site, tmp_path, *(f"{site.url}/{path}" for path in (*paths, "page/jfk.mp4,silence.mp4", "page"))
    )

    assert [bool(told["formats"]) for told in found] == [True] * len(paths)
    assert len(two["entries"]) == 2
    assert "Unsupported URL" in none["error"]


async def test_youtube_links_are_answered_from_the_site(site: SiteWorld, tmp_path: Path) -> None:
    links = (f"{WATCH}{JFK}", f"https://youtu.be/{JFK}?t=3", f"{WATCH}{JFK}&list=PLsandbox")

    *videos, playlist = await yt_dlp_says(site, tmp_path, *links, "https://www.youtube.com/playlist?list=PLsandbox")

    for told in videos:
        assert (told["extractor_key"], told["title"], told["webpage_url"]) == ("Youtube", "The ok video", links[0])
        assert (told["upload_date"], told["duration"], told["availability"]) == ("20260120", 11, "public")
        assert {f["format_id"] for f in told["formats"]} == {"18", "134", "136", "140", "251"}
    assert len(playlist["entries"]) == 2


async def test_what_youtube_refuses_fails_in_its_own_words(site: SiteWorld, tmp_path: Path) -> None:
    words: dict[Case, str] = {
        "upcoming": "This live event will begin in",
        "private": "Private video. Sign in if you've been granted access to this video. Use --cookies",
        "age": "Sign in to confirm your age",
        "bot": "Sign in to confirm you’re not a bot. Use --cookies",
        "members": "members-only content",
        "removed": "Video unavailable. This video has been removed by the uploader",
        "geo": "not made this video available in your country",
        "drm": "DRM protected",
    }

    told = await yt_dlp_says(site, tmp_path, *(WATCH + youtube_id(case) for case in words))

    for answer, expected in zip(told, words.values(), strict=True):
        assert expected in answer["error"]


async def test_a_stream_says_so(site: SiteWorld, tmp_path: Path) -> None:
    told = await yt_dlp_says(site, tmp_path, WATCH + youtube_id("live"), WATCH + youtube_id("was_live"))

    assert [stream["live_status"] for stream in told] == ["is_live", "was_live"]


async def test_the_real_youtube_is_never_asked(site: SiteWorld, tmp_path: Path) -> None:
    unknown, search, clip = await yt_dlp_says(
        site,
        tmp_path,
        f"{WATCH}dQw4w9WgXcQ",
        "https://www.youtube.com/results?search_query=x",
        "https://www.youtube.com/clip/UgytZKpehg-hEMBSn3F4AaABCQ",
    )

    assert "Video unavailable" in unknown["error"]
    assert "Video unavailable" in search["error"]
    assert "Video unavailable" in clip["error"]


async def test_every_form_of_a_clip_is_served_in_parts(site: SiteWorld) -> None:
    async with aiohttp.ClientSession(site.url) as http:
        for ending in FORMS:
            async with http.get(f"/clips/silence{ending}") as whole, http.head(f"/clips/silence{ending}") as head:
                content = await whole.read()
                assert head.content_length == len(content)
                assert "Last-Modified" in head.headers
            async with http.get(f"/clips/silence{ending}", headers={"Range": "bytes=100-"}) as part:
                assert part.status == 206
                assert await part.read() == content[100:]
        async with http.get("/clips/silence.mp4", headers={"Range": "bytes=99999999-"}) as beyond:
            assert beyond.status == 416


async def test_the_site_misbehaves_on_demand(site: SiteWorld) -> None:
    async with aiohttp.ClientSession(site.url) as http:
        async with http.get("/status/503?retry_after=7") as busy:
            assert (busy.status, busy.headers["Retry-After"]) == (503, "7")
        async with http.get("/clips/unknown.mp4") as unknown:
            assert unknown.status == 404
        async with http.get("/redirect/clips/no-video.mp4") as moved:
            assert await moved.read() == (site._clips / "no-video.mp4").read_bytes()
        async with http.get("/stall/silence.mp4") as stalled:
            await stalled.content.readany()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(stalled.read(), 0.3)


async def test_a_slow_path_takes_its_time(site: SiteWorld) -> None:
    site.slow["/clips/silence.mp4"] = 14_000  # of 7 KB

    async with aiohttp.ClientSession(site.url) as http, asyncio.timeout(5):
        started = asyncio.get_running_loop().time()
        await (await http.get("/clips/silence.mp4")).read()
        assert asyncio.get_running_loop().time() - started > 0.4


async def test_connections_share_the_wire(site: SiteWorld) -> None:
    clock = asyncio.get_running_loop().time
    async with aiohttp.ClientSession() as session:

        async def fetch() -> int:
            async with session.get(site.clip_url("jfk.m4a")) as answer:
                return len(await answer.read())

        size = await fetch()
        site.wire.bytes_per_second = size / 0.4
        begun = clock()
        await asyncio.gather(fetch(), fetch())

    assert clock() - begun >= 0.5  # 0.8 s, less what the wire makes up for; with a wire each it would be 0.4
