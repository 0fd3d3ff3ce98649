"""Taking files apart in the real child process, with small clips made here."""

import asyncio
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Disposition
from av.video.stream import VideoStream
from faster_whisper import decode_audio

from services.clients.media_tool import take_apart
from services.errors import OperatorError, PermanentError, TransientError
from tests.hostile_files import silence

RATE = 48_000
SECONDS = 3


def a_file(path: Path, picture: str | None = "mpeg4", sound: str | None = "aac", **options: str) -> Path:
    """Three seconds of a green picture and a tone."""
    with av.open(str(path), "w", options=options) as container:
        seen = video_stream(container, picture) if picture else None
        heard = audio_stream(container, sound) if sound else None
        for tenth in range(10 * SECONDS):
            if seen:
                container.mux(seen.encode(av.VideoFrame(64, 64, "yuv420p")))
            if heard:
                container.mux(heard.encode(a_tone(tenth)))
        if seen:
            container.mux(seen.encode(None))
        if heard:
            container.mux(heard.encode(None))
    return path


def video_stream(container: OutputContainer, codec: str, pix_fmt: str = "yuv420p") -> VideoStream:
    stream = container.add_stream(codec, rate=10, width=64, height=64, pix_fmt=pix_fmt)
    assert isinstance(stream, VideoStream)
    return stream


def audio_stream(container: OutputContainer, codec: str) -> AudioStream:
    stream = container.add_stream(codec, rate=RATE, layout="mono")
    assert isinstance(stream, AudioStream)
    return stream


def a_tone(tenth: int) -> av.AudioFrame:
    moments = np.arange(RATE // 10) + tenth * RATE // 10
    samples = (10_000 * np.sin(moments / RATE * 440 * 2 * np.pi)).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), int(moments[0])
    return frame


def truncated(file: Path, *, to: float) -> Path:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * to)])
    return file


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def children() -> str:
    """The processes that this one has started."""
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


def seconds_of_sound(file: Path) -> float:
    """What the speech recogniser gets to hear."""
    return len(decode_audio(str(file))) / 16_000


def codec_of(file: Path) -> str:
    with av.open(str(file)) as container:
        return container.streams.audio[0].codec.canonical_name


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the sound is cut out to."""
    path = tmp_path / "work"
    path.mkdir()
    return path


@pytest.mark.parametrize(
    ("name", "codecs", "cut_out"),
    [
        ("a.mp4", ("mpeg4", "aac"), ("audio.m4a", "aac")),
        ("a.ts", ("mpeg2video", "aac"), ("audio.m4a", "aac")),
        ("a.avi", ("mpeg4", "libmp3lame"), ("audio.mp3", "mp3")),
        ("a.webm", ("libvpx", "libopus"), ("audio.ogg", "opus")),
        ("a.mkv", ("mpeg4", "flac"), ("audio.flac", "flac")),
        ("ac3.mkv", ("mpeg4", "ac3"), ("audio.m4a", "aac")),
        ("pcm.mov", ("mpeg4", "pcm_s16le"), ("audio.m4a", "aac")),
    ],
)
async def test_a_video_stays_as_it_is_and_its_sound_is_cut_out(
    tmp_path: Path, folder: Path, name: str, codecs: tuple[str, str], cut_out: tuple[str, str]
) -> None:
    file = a_file(tmp_path / name, *codecs)

    media = await take_apart(file, folder)

    assert media.video
    assert (media.video.path, media.video.size) == (file, file.stat().st_size)
    assert media.audio
    assert media.audio.size == media.audio.path.stat().st_size
    assert (media.audio.path.name, codec_of(media.audio.path)) == cut_out
    assert seconds_of_sound(media.audio.path) == pytest.approx(SECONDS, abs=0.1)
    assert media.duration_s == pytest.approx(SECONDS, abs=0.15)
    assert contents(folder) == [media.audio.path]


@pytest.mark.parametrize(
    ("name", "sound"), [("a.m4a", "aac"), ("a.mp3", "libmp3lame"), ("a.ogg", "libopus"), ("a.wav", "pcm_s16le")]
)
async def test_a_common_sound_recording_is_kept(tmp_path: Path, folder: Path, name: str, sound: str) -> None:
    file = a_file(tmp_path / name, None, sound)

    media = await take_apart(file, folder)

    assert media.video is None
    assert media.audio
    assert media.audio.path == file
    assert not contents(folder)


async def test_an_uncommon_sound_recording_is_put_into_a_common_container(tmp_path: Path, folder: Path) -> None:
    media = await take_apart(a_file(tmp_path / "a.mka", None, "libopus"), folder)

    assert media.video is None
    assert media.audio
    assert media.audio.path == folder / "audio.ogg"


async def test_a_cover_is_no_video(tmp_path: Path, folder: Path) -> None:
    file = tmp_path / "song.mp3"
    with av.open(str(file), "w") as container:
        heard = audio_stream(container, "libmp3lame")
        cover = video_stream(container, "png", "rgb24")
        cover.disposition = Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame(64, 64, "rgb24")))
        container.mux(heard.encode(a_tone(0)))
        container.mux(heard.encode(None))

    media = await take_apart(file, folder)

    assert media.video is None
    assert media.audio


async def test_a_video_without_sound_track_has_no_sound(tmp_path: Path, folder: Path) -> None:
    media = await take_apart(a_file(tmp_path / "mute.mp4", sound=None), folder)

    assert media.video
    assert media.audio is None
    assert media.duration_s == pytest.approx(SECONDS)


@pytest.mark.parametrize("name", ["a.ts", "a.mkv", "faststart.mp4"])
async def test_of_a_truncated_file_counts_what_can_be_read(tmp_path: Path, folder: Path, name: str) -> None:
    """A faststart file's header promises all three seconds."""
    file = a_file(tmp_path / name, movflags="faststart") if name == "faststart.mp4" else a_file(tmp_path / name)

    media = await take_apart(truncated(file, to=0.6), folder)

    assert media.video
    assert media.audio
    assert 1 < media.duration_s < SECONDS - 0.5
    assert seconds_of_sound(media.audio.path) == pytest.approx(media.duration_s, abs=0.3)


def no_bytes(file: Path) -> None:
    file.touch()


def text(file: Path) -> None:
    file.write_text("No video, whatever its name says.\n" * 100)


def noise(file: Path) -> None:
    file.write_bytes(np.random.default_rng(seed=1).bytes(200_000))


def picture(file: Path) -> None:
    with av.open(str(file), "w", format="image2") as container:
        stream = video_stream(container, "png", "rgb24")
        container.mux(stream.encode(av.VideoFrame(64, 64, "rgb24")))


def half_an_mp4(file: Path) -> None:
    truncated(a_file(file), to=0.5)


def playlist(file: Path) -> None:
    other = a_file(file.with_name("someone-elses.ts"))
    file.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{other.name}\n#EXT-X-ENDLIST\n")


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.mp4", no_bytes),
        ("a.txt", text),
        ("a.mp3", text),
        ("a.aac", noise),
        ("a.png", picture),
        ("a.mp4", half_an_mp4),
        ("a.m3u8", playlist),
    ],
)
async def test_what_is_no_recording_is_refused_for_good(
    tmp_path: Path, folder: Path, name: str, write: Callable[[Path], None]
) -> None:
    write(tmp_path / name)

    with pytest.raises(PermanentError, match="not a video or sound recording"):
        await take_apart(tmp_path / name, folder)


async def test_taking_too_long_is_worth_another_try_and_leaves_no_process(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(TransientError, match="took longer"):
        await take_apart(a_file(tmp_path / "a.mp4"), folder, timeout_s=0.05)

    assert not children()


async def test_a_cancelled_call_leaves_no_process(tmp_path: Path, folder: Path) -> None:
    call = asyncio.create_task(take_apart(a_file(tmp_path / "a.mp4"), folder))
    while not children():
        await asyncio.sleep(0)

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert not children()


async def test_a_reader_that_dies_is_worth_another_try(
    tmp_path: Path, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(TransientError, match=r"^The media reader ended unexpectedly: .* the log\.$"):
        await take_apart(a_file(tmp_path / "a.mp4"), folder / "absent")

    assert "FileNotFoundError" in caplog.text


async def test_more_sound_than_the_times_of_its_packets_tell_is_found_out_while_it_is_made_anew(
    tmp_path: Path, folder: Path
) -> None:
    silence(120, told=0.01, codec="alac")(tmp_path, file := tmp_path / "a.mka")

    media = await take_apart(file, folder, max_duration_s=60)

    assert (media.video, media.audio) == (None, None)
    assert media.duration_s > 60


@pytest.mark.parametrize("max_bytes", [1_000, 100_000_000])
async def test_what_is_made_of_a_file_may_not_outgrow_the_limit(tmp_path: Path, folder: Path, max_bytes: int) -> None:
    file = a_file(tmp_path / "ac3.mkv", "mpeg4", "ac3")

    if max_bytes == 1_000:
        with pytest.raises(PermanentError, match="more memory or room"):
            await take_apart(file, folder, max_bytes=max_bytes)
    else:
        assert (await take_apart(file, folder, max_bytes=max_bytes)).audio


async def test_a_full_disk_is_the_operators_matter(tmp_path: Path) -> None:
    (tmp_path / "audio.part").symlink_to("/dev/full")

    with pytest.raises(OperatorError, match="disk is full"):
        await take_apart(a_file(tmp_path / "a.mp4"), tmp_path)
