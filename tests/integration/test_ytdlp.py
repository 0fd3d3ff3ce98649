"""The yt-dlp client, with the real yt-dlp in its child process, against the sandbox's video site."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import av
import pytest

from sandbox.server import Fault
from sandbox.site.world import JFK, SiteWorld, youtube_id
from sandbox.site.youtube import Case
from services.clients.guard import Guard
from services.clients.ytdlp import YtDlp
from services.errors import NotYetError, OperatorError, PermanentError, TransientError

WATCH = "https://www.youtube.com/watch?v="


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


@pytest.fixture
async def site(clips: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SiteWorld]:
    world = SiteWorld(clips)
    await world.start()
    for name, value in world.child_env.items():
        monkeypatch.setenv(name, value)
    yield world
    await world.stop()


def a_client(site: SiteWorld, **settings: Any) -> YtDlp:
    return YtDlp(open_hosts=(site.address,), **settings)


def streams_of(file: Path) -> dict[str, str]:
    with av.open(str(file)) as container:
        return {stream.type: stream.codec_context.name for stream in container.streams}


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def processes_in(folder: Path) -> list[int]:
    """The processes that work in a folder."""

    def found() -> Iterator[int]:
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (process / "cwd").readlink() == folder:
                    yield int(process.name)

    return list(found())


async def test_a_youtube_video_is_known_before_its_bytes(site: SiteWorld) -> None:
    found = await a_client(site).probe(f"https://youtu.be/{JFK}?si=x")

    assert (found.title, found.url) == ("The ok video", WATCH + JFK)
    assert (found.uploader, found.listing, found.duration_s) == ("The Sandbox Channel", "Public", 11)
    assert found.published_on == date(2026, 1, 20)
    assert found.published_at == datetime(2026, 1, 20, 17, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("max_height", "names"), [(360, ["jfk-360.mp4", "jfk.m4a"]), (720, ["jfk-720.mp4", "jfk.m4a"])]
)
async def test_the_bytes_of_picture_and_sound_are_expected_before_they_come(
    site: SiteWorld, clips: Path, max_height: int, names: list[str]
) -> None:
    found = await a_client(site, max_height=max_height).probe(WATCH + JFK)

    assert found.expected_bytes == sum((clips / name).stat().st_size for name in names)


async def test_a_stream_of_unknown_size_is_expected_to_be_of_unknown_size(site: SiteWorld) -> None:
    assert (await a_client(site).probe(f"{site.url}/clips/jfk.m3u8")).expected_bytes is None


async def test_picture_and_sound_of_a_youtube_video_become_one_file(site: SiteWorld, tmp_path: Path) -> None:
    told: list[float] = []

    file = await a_client(site, max_height=360).download(WATCH + JFK, tmp_path, told.append)

    assert file == tmp_path / "video.mp4"
    assert streams_of(file) == {"video": "h264", "audio": "aac"}
    asked = [e.path for e in site.exchanges if e.path.startswith("/clips/")]
    assert sorted(asked) == ["/clips/jfk-360.mp4", "/clips/jfk.m4a"]
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert {one.suffix for one in files_in(tmp_path)} == {".mp4", ".m4a"}, "the sound may still be listened to"


async def test_the_sound_comes_beside_the_picture_and_is_told_of_as_it_grows(site: SiteWorld, tmp_path: Path) -> None:
    site.slow["/clips/jfk-360.mp4"] = 10_000
    told: list[tuple[str, bool]] = []

    def sound_in(file: Path, *, whole: bool = False) -> None:
        told.append((file.suffix, whole))
        assert not list(tmp_path.glob("*.mp4")), "the picture is still coming"

    await a_client(site, max_height=360).download(WATCH + JFK, tmp_path, lambda _: None, sound_in)

    assert told == [(".part", False), (".m4a", True)]


async def test_of_one_file_the_sound_is_what_grows(site: SiteWorld, tmp_path: Path) -> None:
    sounds: list[tuple[str, bool]] = []

    await a_client(site).download(
        site.clip_url("jfk.mp4"),
        tmp_path,
        lambda _: None,
        lambda file, *, whole=False: sounds.append((file.name, whole)),
    )

    assert [whole for _, whole in sounds] == [False, True]
    assert sounds[-1] == ("video.mp4", True)


async def test_sound_that_does_not_come_beside_the_picture_comes_after_it(site: SiteWorld, tmp_path: Path) -> None:
    site.faults.append(Fault("GET", "/clips/jfk.m4a", 404))

    file = await a_client(site, max_height=360).download(WATCH + JFK, tmp_path, lambda _: None)

    assert streams_of(file).keys() == {"video", "audio"}


async def test_a_server_that_stumbles_is_asked_again(site: SiteWorld, tmp_path: Path) -> None:
    site.faults.append(Fault("GET", "/clips/jfk.m4a", 503))

    file = await a_client(site, max_height=360).download(WATCH + JFK, tmp_path, lambda _: None)

    assert streams_of(file).keys() == {"video", "audio"}


@pytest.mark.parametrize("path", ["clips/jfk.mp4", "clips/jfk.m3u8", "page/jfk.webm"])
async def test_a_video_of_another_site_is_downloaded_whole(site: SiteWorld, path: str, tmp_path: Path) -> None:
    client = a_client(site)

    found = await client.probe(f"{site.url}/{path}")
    file = await client.download(f"{site.url}/{path}", tmp_path, lambda _: None)

    assert found.title
    assert found.url.startswith(site.url)
    assert file.stem == "video"
    assert streams_of(file).keys() == {"video", "audio"}
    with av.open(str(file)) as container:
        assert container.duration == pytest.approx(11 * av.time_base, rel=0.05)


async def test_a_cancelled_download_leaves_no_process_and_the_next_one_goes_on_from_there(
    site: SiteWorld, tmp_path: Path
) -> None:
    url = f"{site.url}/clips/jfk.mp4"
    site.bytes_per_second = 100_000
    halfway = asyncio.Event()
    download = asyncio.create_task(
        a_client(site).download(url, tmp_path, lambda done: halfway.set() if done > 0.5 else None)
    )
    await halfway.wait()
    assert processes_in(tmp_path)

    download.cancel()
    with pytest.raises(asyncio.CancelledError):
        await download

    assert processes_in(tmp_path) == []
    [part] = files_in(tmp_path)
    kept = part.stat().st_size
    site.bytes_per_second = None
    file = await a_client(site).download(url, tmp_path, lambda _: None)
    assert f"bytes={kept}-" in [e.headers.get("Range") for e in site.exchanges]
    assert file.read_bytes() == (site._clips / "jfk.mp4").read_bytes()


@pytest.mark.parametrize(
    ("case", "error", "words"),
    [
        ("live", NotYetError, "still live"),
        ("upcoming", NotYetError, "begins on 20 January 2026 at 17:00 UTC"),
        ("premiere", NotYetError, "begins on 20 January 2026 at 17:00 UTC"),
        ("post_live", NotYetError, "YouTube is not done with its recording"),
        ("private", PermanentError, "private"),
        ("members", PermanentError, "paying members"),
        ("removed", PermanentError, "removed"),
        ("geo", PermanentError, "country"),
        ("age", PermanentError, "age"),
        ("drm", PermanentError, "copy-protected"),
        ("bot", OperatorError, "cookies"),
    ],
)
async def test_what_youtube_refuses_is_said_in_one_sentence(
    site: SiteWorld, case: Case, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        await a_client(site).probe(WATCH + youtube_id(case))


async def test_a_stream_that_is_over_is_a_video(site: SiteWorld) -> None:
    assert (await a_client(site).probe(WATCH + youtube_id("was_live"))).duration_s == 11


@pytest.mark.parametrize("path", ["playlist?list=PLsandbox", "@sandbox/videos"])
async def test_a_list_of_videos_is_refused(site: SiteWorld, path: str) -> None:
    site.playlists["@sandbox"] = site.playlists["PLsandbox"]

    with pytest.raises(PermanentError, match="list of videos"):
        await a_client(site).probe(f"https://www.youtube.com/{path}")


async def test_a_list_of_one_is_that_one(site: SiteWorld) -> None:
    site.playlists["PLone"] = [JFK]

    assert (await a_client(site).probe("https://www.youtube.com/playlist?list=PLone")).url == WATCH + JFK


@pytest.mark.parametrize(
    ("path", "error", "words"),
    [
        ("status/404", PermanentError, "gone"),
        ("status/429?retry_after=7", TransientError, "slow down"),
        ("page", PermanentError, "no video"),
        ("html/jfk.mp4", PermanentError, "no video"),
        ("loop/jfk.mp4", PermanentError, "round in circles"),
    ],
)
async def test_a_broken_link_is_named_by_what_to_do_about_it(
    site: SiteWorld, path: str, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words) as caught:
        await a_client(site).probe(f"{site.url}/{path}")

    assert getattr(caught.value, "retry_after", None) == (7 if "retry_after" in path else None)


async def test_a_site_that_no_extractor_knows_is_never_asked(site: SiteWorld) -> None:
    with pytest.raises(PermanentError, match="knows no way"):
        await YtDlp().probe(f"{site.url}/clips/jfk.mp4")
    assert site.exchanges == []


async def test_a_link_goes_through_the_guard_that_shuts_it_off_from_private_networks(site: SiteWorld) -> None:
    async with Guard(ports=[int(site.address.rpartition(":")[2])]) as guard:
        with pytest.raises(PermanentError, match="public internet"):
            await a_client(site, proxy=guard.url).probe(f"{site.url}/clips/jfk.mp4")

    assert site.exchanges == []


async def test_a_site_that_cannot_be_reached_may_be_tried_again() -> None:
    with pytest.raises(TransientError, match="connection"):
        await YtDlp(allow_any_site=True).probe("http://127.0.0.1:9/jfk.mp4")


async def test_a_video_that_is_too_long_is_refused(site: SiteWorld) -> None:
    with pytest.raises(PermanentError, match="longer"):
        await a_client(site, max_duration_s=10).probe(WATCH + JFK)


async def test_a_video_that_grows_too_big_is_broken_off(site: SiteWorld, tmp_path: Path) -> None:
    site.add_youtube("sonnet00001", clip="sonnet")

    with pytest.raises(PermanentError, match="bigger"):
        await a_client(site, max_filesize_mb=1).probe(WATCH + "sonnet00001")
    with pytest.raises(PermanentError, match="bigger"):
        await a_client(site, max_filesize_mb=0).download(f"{site.url}/clips/jfk.m3u8", tmp_path, lambda _: None)


async def test_the_operators_cookies_are_sent_and_their_file_is_never_written(site: SiteWorld, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    text = "# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tpass\tyes\n"
    cookies.write_text(text)

    await a_client(site, cookies=cookies).probe(f"{site.url}/clips/jfk.mp4")

    assert site.exchanges[0].headers["Cookie"] == "pass=yes"
    assert cookies.read_text() == text
    with pytest.raises(OperatorError, match="cookies file"):
        await a_client(site, cookies=tmp_path / "absent.txt").probe(f"{site.url}/clips/jfk.mp4")


async def test_relative_cookies_are_found_from_any_folder(
    site: SiteWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cookies.txt").write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\tpass\tyes\n")
    (work := tmp_path / "work").mkdir()

    await a_client(site, cookies=Path("cookies.txt")).download(f"{site.url}/clips/jfk.mp4", work, lambda _: None)

    assert site.exchanges[0].headers["Cookie"] == "pass=yes"


async def test_what_is_told_after_the_answer_is_not_heard(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("""print('{"file": "video.mp4"}\\n{"grown": 4096}')""")

    file = await YtDlp(script=script).download("https://example.org/v", tmp_path, lambda _: None)

    assert file == tmp_path / "video.mp4"


async def test_a_full_disk_is_the_operators_matter(site: SiteWorld, tmp_path: Path) -> None:
    (tmp_path / "video.mp4.mp4.part").symlink_to("/dev/full")

    with pytest.raises(OperatorError, match="disk is full"):
        await a_client(site).download(f"{site.url}/clips/jfk.mp4", tmp_path, lambda _: None)


async def test_no_new_bytes_is_a_stall(site: SiteWorld, tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="stalled"):
        await a_client(site, stall_timeout_s=4).download(f"{site.url}/stall/jfk.mp4", tmp_path, lambda _: None)

    assert processes_in(tmp_path) == []


async def test_a_byte_now_and_then_is_a_stall(site: SiteWorld, tmp_path: Path) -> None:
    with pytest.raises(TransientError, match=r"^127\.0\.0\.1 stalled: hardly anything came for 4 s\.$"):
        await a_client(site, stall_timeout_s=4).download(f"{site.url}/drip/jfk.mp4", tmp_path, lambda _: None)

    assert processes_in(tmp_path) == []


async def test_a_page_that_unpacks_into_more_than_memory_is_refused(site: SiteWorld) -> None:
    with pytest.raises(PermanentError, match="memory"):
        await a_client(site, max_memory_mb=350).probe(f"{site.url}/packed/jfk.mp4")


async def test_a_file_shorter_than_promised_may_come_whole_another_time(site: SiteWorld, tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="less of the video than it promises"):
        await a_client(site).download(f"{site.url}/short/silence.mp4", tmp_path, lambda _: None)


async def test_of_a_file_longer_than_promised_comes_what_was_promised(
    site: SiteWorld, clips: Path, tmp_path: Path
) -> None:
    file = await a_client(site).download(f"{site.url}/long/jfk.mp4", tmp_path, lambda _: None)

    assert file.stat().st_size == (clips / "jfk.mp4").stat().st_size // 2


@pytest.mark.defect("a fixed time limit that long streams outgrew")
@pytest.mark.long
async def test_a_slow_download_whose_bytes_keep_coming_is_no_stall(site: SiteWorld, tmp_path: Path) -> None:
    size = (await a_client(site).download(f"{site.url}/clips/jfk.mp4", tmp_path, lambda _: None)).stat().st_size
    site.bytes_per_second = size / 12

    slow = a_client(site, stall_timeout_s=8).download(
        f"{site.url}/clips/jfk-plain.mp4", tmp_path / "slow", lambda _: None
    )
    (tmp_path / "slow").mkdir()

    assert (await slow).stat().st_size > 0


async def test_a_child_that_dies_is_tried_again(
    site: SiteWorld, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    site.bytes_per_second = 50_000

    def kill(_: float) -> None:
        for process in processes_in(tmp_path):
            os.kill(process, 9)

    with pytest.raises(TransientError, match=r"^The downloader ended unexpectedly: .* the log\.$"):
        await a_client(site).download(f"{site.url}/clips/jfk.mp4", tmp_path, kill)
    assert "killed by SIGKILL" in caplog.text
