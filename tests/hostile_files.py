"""Files that people post, or might: one row a file, with the end that whoever posted it would expect."""

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.audio.stream import AudioStream
from av.container import OutputContainer

from sandbox.media import SPEECH, clip

HOUR = 3600.0
NO_MEDIA = "not a video or sound recording"
TOO_LONG = "over the limit of 12 h"
FAST = {"preset": "ultrafast"}


@dataclass(frozen=True, slots=True)
class Done:
    """It is taken: with its real length, and the words in it."""

    seconds: float
    video: bool = True
    sound: bool = True
    says: str = ""
    """A word of the transcript; empty: nobody speaks."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It fails for good, with a sentence that holds these words."""

    why: str


@dataclass(frozen=True, slots=True)
class HostileFile:
    """`write` is given the folder of the sandbox's clips, and where the file is to be."""

    what: str
    name: str
    write: Callable[[Path, Path], None]
    end: Done | Refused
    many_hours: bool = False
    """It takes the recogniser a while to go through it."""


def silence(seconds: float, *, told: float = 1.0, codec: str = "flac") -> Callable[[Path, Path], None]:
    """So much of it in a few bytes; the packets' times say `told` times as much."""
    rate = 8_000

    def write(_: Path, file: Path) -> None:
        with av.open(str(file), "w", format="matroska") as container:
            options = {"frame_size": "65535"} if codec == "flac" else {}
            stream = _sound(container, codec, rate, "mono", options)
            container.start_encoding()
            size, form = stream.codec_context.frame_size, stream.codec_context.format.name
            frame = av.AudioFrame(form, "mono", size)
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
            encoded = bytes(stream.encode(frame)[0])
            for number in range(int(seconds * rate / size)):
                again = av.Packet(encoded)
                again.stream, again.time_base = stream, Fraction(1, rate)
                again.pts = again.dts = int(number * size * told)
                again.duration = int(size * told)
                container.mux(again)

    return write


def _sound(
    container: OutputContainer, codec: str, rate: int, layout: str, options: dict[str, str] | None = None
) -> AudioStream:
    stream = container.add_stream(codec, rate=rate, layout=layout, options=options)
    assert isinstance(stream, AudioStream)
    return stream


def clipped(name: str, *, to: float = 1.0) -> Callable[[Path, Path], None]:
    """The first part of one of the sandbox's clips."""

    def write(clips: Path, file: Path) -> None:
        whole = clip(clips, name).read_bytes()
        file.write_bytes(whole[: int(len(whole) * to)])

    return write


def lying(name: str, lies: dict[bytes, tuple[int, bytes]]) -> Callable[[Path, Path], None]:
    """A clip with other bytes so far behind the marks."""

    def write(clips: Path, file: Path) -> None:
        content = bytearray(clip(clips, name).read_bytes())
        for mark, (offset, lie) in lies.items():
            at = content.index(mark) + len(mark) + offset
            content[at : at + len(lie)] = lie
        file.write_bytes(content)

    return write


def told_mp4(milliseconds: int) -> dict[bytes, tuple[int, bytes]]:
    """ISO/IEC 14496-12: the durations of the movie, its track and its media, in version 0 of their boxes."""
    lie = struct.pack(">I", milliseconds)
    return {b"mvhd": (16, lie), b"tkhd": (20, lie), b"mdhd": (16, lie)}


def of_bytes(content: bytes) -> Callable[[Path, Path], None]:
    def write(_: Path, file: Path) -> None:
        file.write_bytes(content)

    return write


def archive(clips: Path, file: Path) -> None:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as outer:
        outer.writestr("inner.mp4", clip(clips, "silence.mp4").read_bytes())
        outer.writestr("zeros", bytes(10_000_000))


def wav(rate: int, size: int, *, told: int | None = None) -> bytes:
    """Eight-bit silence; `told` is what the header says of its bytes."""
    told = size if told is None else told
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36, b"WAVE", b"fmt ", 16, 1, 1, rate, rate, 1, 8, b"data", told)
    return head + bytes([128]) * size


def spoken(layouts: tuple[str, ...], format_: str, codec: str) -> Callable[[Path, Path], None]:
    """Kennedy on the first track, in its front centre; nothing on the others."""

    def write(_: Path, file: Path) -> None:
        with av.open(str(file), "w", format=format_) as container, av.open(str(SPEECH["jfk"])) as source:
            streams = [_sound(container, codec, 16_000, layout) for layout in layouts]
            position = 0
            for frame in source.decode(audio=0):
                samples = frame.to_ndarray().reshape(-1).astype(np.int16)
                for number, (stream, layout) in enumerate(zip(streams, layouts, strict=True)):
                    _mux(container, stream, samples if number == 0 else samples * 0, layout, position)
                position += len(samples)
            for stream in streams:
                container.mux(stream.encode(None))

    return write


def _mux(
    container: OutputContainer, stream: AudioStream, samples: npt.NDArray[np.int16], layout: str, position: int
) -> None:
    channels = av.AudioLayout(layout).nb_channels
    together = np.zeros((len(samples), channels), np.int16)
    together[:, min(2, channels - 1)] = samples  # the front centre
    frame = av.AudioFrame.from_ndarray(together.reshape(1, -1), format="s16", layout=layout)
    frame.sample_rate, frame.time_base, frame.pts = 16_000, Fraction(1, 16_000), position
    container.mux(stream.encode(frame))


def music(_: Path, file: Path) -> None:
    """Twenty seconds of chords with a drum."""
    rate = 48_000
    moments = np.arange(20 * rate) / rate
    roots = np.array([220.0, 174.6, 261.6, 196.0])[(moments // 2).astype(int) % 4]
    chord = sum(np.sin(2 * np.pi * roots * k * moments) / k for k in (1, 1.25, 1.5, 2, 3))
    drum = np.random.default_rng(1).normal(size=len(moments)) * np.exp(-20 * (moments % 0.5))
    samples = (6_000 * (chord / 3 + drum / 2)).clip(-30_000, 30_000).astype(np.int16)
    with av.open(str(file), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def one_picture(_: Path, file: Path) -> None:
    with av.open(str(file), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=10, width=64, height=64, pix_fmt="yuv420p", options=FAST)
        container.mux([*stream.encode(av.VideoFrame(64, 64, "yuv420p")), *stream.encode(None)])


def huge_picture(_: Path, file: Path) -> None:
    """A PNG of 144 million pixels, which are 432 MB, in a film of one."""
    side = 12_000
    pack = zlib.compressobj(1)
    row = bytes(1 + 3 * side)
    pixels = b"".join(pack.compress(row) for _ in range(side)) + pack.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunks((b"IHDR", head), (b"IDAT", pixels), (b"IEND", b"")))
    with av.open(str(file), "w", format="mov") as container:
        stream = container.add_stream("png", rate=1, width=64, height=64, pix_fmt="rgb24")
        stream.encode(av.VideoFrame(64, 64, "rgb24"))
        packet = av.Packet(png)
        packet.stream, packet.time_base = stream, Fraction(1, 1)
        packet.pts, packet.dts, packet.duration = 0, 0, 1
        container.mux(packet)


def _png_chunks(*chunks: tuple[bytes, bytes]) -> Iterator[bytes]:
    for name, content in chunks:
        yield struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


NOISE = np.random.default_rng(1).bytes(200_000)
FILES = (
    HostileFile("zero bytes", "a.mp4", of_bytes(b""), Refused(NO_MEDIA)),
    HostileFile("random bytes", "a.mp4", of_bytes(NOISE), Refused(NO_MEDIA)),
    HostileFile(
        "random bytes behind a true beginning", "a.mp4", of_bytes(b"\0\0\0\x20ftypisom" + NOISE), Refused(NO_MEDIA)
    ),
    HostileFile("an archive", "a.mp4", archive, Refused(NO_MEDIA)),
    HostileFile("an archive of nothing, packed", "a.mp3", of_bytes(zlib.compress(bytes(9_000_000))), Refused(NO_MEDIA)),
    HostileFile("truncated, with its index", "a.mp4", clipped("silence.mp4", to=0.8), Done(2, sound=True)),
    HostileFile("truncated, without its index", "a.mp4", clipped("jfk-plain.mp4", to=0.6), Refused(NO_MEDIA)),
    HostileFile("a film that is called a song", "a.mp3", clipped("silence.mp4"), Done(3)),
    HostileFile("a song that is called a film", "a.mp4", clipped("silence.m4a"), Done(3, video=False)),
    HostileFile("no sound", "a.mp4", clipped("silence-mute.mp4"), Done(3, sound=False)),
    HostileFile(
        "several sound tracks",
        "a.mka",
        spoken(("mono", "mono"), "matroska", "flac"),
        Done(11, video=False, says="country"),
    ),
    HostileFile("eight channels", "a.wav", spoken(("7.1",), "wav", "pcm_s16le"), Done(11, video=False, says="country")),
    HostileFile("one frame", "a.mp4", one_picture, Done(0.1, sound=False)),
    HostileFile("one frame of sound", "a.mka", silence(8.5), Done(8.2, video=False)),
    HostileFile("an hour of silence", "a.mka", silence(HOUR), Done(HOUR, video=False), many_hours=True),
    HostileFile("music", "a.m4a", music, Done(20, video=False)),
    HostileFile("ten hours", "a.mka", silence(10 * HOUR), Done(10 * HOUR, video=False), many_hours=True),
    HostileFile("thirteen hours", "a.mka", silence(13 * HOUR), Refused(TOO_LONG), many_hours=True),
    HostileFile("a header that tells too little", "a.mp4", lying("silence.mp4", told_mp4(1)), Done(3)),
    HostileFile("a header that tells too much", "a.mp4", lying("silence.mp4", told_mp4(2**31)), Done(3)),
    HostileFile("sound without an end", "a.wav", of_bytes(wav(8_000, 24_000, told=2**32 - 1)), Done(3, video=False)),
    HostileFile("sound without a length", "a.wav", of_bytes(wav(8_000, 24_000, told=0)), Done(3, video=False)),
    HostileFile("a sample a second", "a.wav", of_bytes(wav(1, 100_000)), Refused(TOO_LONG)),
    HostileFile(
        "two thousand million samples a second", "a.wav", of_bytes(wav(2**31 - 1, 50_000)), Refused("cannot be decoded")
    ),
    HostileFile(
        "thirteen hours that pass for ten seconds",
        "a.mka",
        silence(13 * HOUR, told=10 / HOUR / 13),
        Refused("longer than the bot may take"),
        many_hours=True,
    ),
    HostileFile("a picture of 144 million pixels", "a.mov", huge_picture, Done(1, sound=False)),
)
