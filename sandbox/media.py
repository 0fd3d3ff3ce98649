"""Clips for the sandbox: speech with known words, muxed with a moving picture into the forms that the web serves."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer

SPEECH = {path.stem: path for path in (Path(__file__).parent / "media").iterdir() if path.suffix in {".wav", ".mp3"}}
FPS = 5
SILENCE_S = 3
NO_VIDEO = "no-video.mp4"
"""A clip that any player refuses."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a clip is made; `options` are the ffmpeg muxer's."""

    height: int = 180
    """Of the picture; 0: there is none."""
    sound: Literal["aac", "libopus"] | None = "aac"
    picture: Literal["libx264", "libvpx"] = "libx264"
    options: dict[str, str] = field(default_factory=dict)


FASTSTART = {"movflags": "faststart"}
FORMS = {
    ".mp4": Form(options=FASTSTART),
    "-plain.mp4": Form(),
    "-fragmented.mp4": Form(options={"movflags": "frag_keyframe+empty_moov+default_base_moof"}),
    "-mute.mp4": Form(sound=None, options=FASTSTART),
    "-360.mp4": Form(height=360, sound=None, options=FASTSTART),
    "-720.mp4": Form(height=720, sound=None, options=FASTSTART),
    ".m4a": Form(height=0, options=FASTSTART),
    "-plain.m4a": Form(height=0),
    ".webm": Form(picture="libvpx", sound="libopus"),
    "-sound.webm": Form(height=0, sound="libopus"),
    ".m3u8": Form(options={"hls_time": "2", "hls_list_size": "0"}),
}
"""A clip's name is its speech (`jfk`, `sonnet`, or `silence`) and one of these: `jfk-plain.mp4`.

Of the last, HLS, the segments are `jfk0.ts`, `jfk1.ts`, ... beside the playlist.
"""
FAST = {
    "libx264": {"preset": "ultrafast", "g": str(2 * FPS)},
    "libvpx": {"deadline": "realtime", "cpu-used": "8"},
    "aac": {"aac_coder": "fast"},
    "libopus": {},
}
"""Codec options that make encoding quick; a key frame every two seconds."""


def clip(folder: Path, name: str) -> Path:
    """Return the clip `name` in `folder`, made there on first use (under a second each).

    Raises KeyError for a name that is no clip's.
    """
    path = folder / name
    if path.exists():
        return path
    with TemporaryDirectory(dir=folder) as unfinished:
        _make(Path(unfinished) / name)
        for made in sorted(Path(unfinished).iterdir(), key=lambda file: file.name == name):  # a playlist comes last
            made.replace(folder / made.name)
    return path


def write(path: Path, form: Form, sound: Iterable[AudioFrame]) -> None:
    """Make a clip of any sound."""
    with av.open(str(path), "w", options=form.options) as container:
        _encode(container, form, sound)


def words(speech: str) -> str:
    """Return what is said in a speech."""
    return SPEECH[speech].with_suffix(".txt").read_text("utf-8")


def _make(path: Path) -> None:
    if path.name == NO_VIDEO:
        path.write_bytes(b"This is no video, whatever its name says.\n" * 100)
        return
    speech, ending = re.fullmatch(r"(\w*)(.*)", path.name).groups()  # type: ignore[union-attr]  # matches any name
    write(path, FORMS[ending], _silence() if speech == "silence" else _spoken(SPEECH[speech]))


def _encode(container: OutputContainer, form: Form, sound: Iterable[AudioFrame]) -> None:
    heard = container.add_stream(form.sound, rate=48_000, options=FAST[form.sound]) if form.sound else None
    seen = container.add_stream(form.picture, rate=FPS, options=FAST[form.picture]) if form.height else None
    if seen:
        seen.width, seen.height, seen.pix_fmt = form.height * 16 // 9, form.height, "yuv420p"
    pictures = 0
    for frame in sound:
        if heard:
            container.mux(heard.encode(frame))
        while seen and pictures / FPS < (frame.time or 0):
            container.mux(seen.encode(_picture(form.height, pictures)))
            pictures += 1
    if heard:
        container.mux(heard.encode(None))
    if seen:
        container.mux(seen.encode(None))


def _picture(height: int, number: int) -> av.VideoFrame:
    """A bar that goes from left to right."""
    width = height * 16 // 9
    yuv = np.full((height * 3 // 2, width), 128, np.uint8)
    left = number * 8 % (width - width // 8)
    yuv[:height, left : left + width // 8] = 235
    return av.VideoFrame.from_ndarray(yuv, format="yuv420p")


def _spoken(path: Path) -> Iterator[AudioFrame]:
    with av.open(str(path)) as source:
        yield from source.decode(audio=0)


def _silence() -> Iterator[AudioFrame]:
    for number in range(10 * SILENCE_S):
        frame = AudioFrame.from_ndarray(np.zeros((1, 4_800), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = 48_000, Fraction(1, 48_000), number * 4_800
        yield frame
