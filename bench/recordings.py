"""Recordings longer than the sandbox's clips: these, repeated packet by packet, or the speech of bench/audio."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame

from bench.sounds import RATE, Samples, recorded
from sandbox.media import FORMS, clip, write

SPEECH = "sonnet"
_OFFERED = (".mp4", "-360.mp4", ".m4a", "-sound.webm")
_PICTURE_S, _FPS, _BITS_PER_SECOND = 10, 25, 1_500_000
"""Of the picture of 720 lines: about what YouTube sends, so that its sound is a small part of the whole."""
_RATE = 48_000


def reading(clips: Path, name: str, times: int) -> Path:
    """Make the clips of a YouTube video: verse read aloud, several times, in every format that the site offers.

    Its picture is noise of a realistic size: 1.5 Mbit/s beside 0.13 of sound. Returns the sound of it.
    """
    clips.mkdir(parents=True, exist_ok=True)
    for ending in _OFFERED:
        repeat([clip(clips, f"{SPEECH}{ending}")], times, clips / f"{name}{ending}")
    return _with_picture(clips, name)


def story(clips: Path, name: str, *, at_most_s: float | None = None) -> Path:
    """Make the same of the English speech that the recognisers are measured on, or of its first whole sentences."""
    clips.mkdir(parents=True, exist_ok=True)
    sound = recorded("english", at_most_s)
    for ending in _OFFERED:
        write(clips / f"{name}{ending}", FORMS[ending], _frames(sound.samples))
    return _with_picture(clips, name)


def _with_picture(clips: Path, name: str) -> Path:
    """Add the picture that the bot takes; return the sound."""
    noise, sound = clips / "noise.mp4", clips / f"{name}.m4a"
    if not noise.exists():
        _noise(noise)
    repeat([noise], round(_seconds(sound) / _PICTURE_S), clips / f"{name}-720.mp4")
    return sound


def _frames(samples: Samples) -> Iterator[AudioFrame]:
    """Yield samples a second at a time."""
    for start in range(0, len(samples), RATE):
        whole = (samples[start : start + RATE] * 32767).astype(np.int16)
        frame = AudioFrame.from_ndarray(whole[np.newaxis], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        yield frame


def meeting(clips: Path, name: str, *, parts: int, part_s: int = 600) -> Path:
    """Make `name`.m4a of so many parts; in each, verse is read aloud for 53 seconds, and then nobody speaks."""
    clips.mkdir(parents=True, exist_ok=True)
    speech, pause, whole = clip(clips, f"{SPEECH}.m4a"), clips / "pause.m4a", clips / f"{name}.m4a"
    if not pause.exists():
        _silence(pause)
    pauses = round((part_s - _seconds(speech)) / _seconds(pause))
    return repeat([speech, *[pause] * pauses], parts, whole)


def _seconds(file: Path) -> float:
    with av.open(str(file)) as container:
        return (container.duration or 0) / av.time_base


def repeat(files: list[Path], times: int, target: Path) -> Path:
    """Write the packets of files one after the other, several times: all with the same tracks."""
    with av.open(str(files[0])) as first, av.open(str(target), "w", options=_options(target)) as container:
        streams = [container.add_stream_from_template(track) for track in first.streams]
        bases = [track.time_base or Fraction(1, av.time_base) for track in first.streams]
        packets = {file: list(_packets(file)) for file in set(files)}
        ends = [0] * len(streams)
        for file in files * times:
            starts = list(ends)
            for index, data, pts, dts, duration, is_key in packets[file]:
                packet = av.Packet(data)
                packet.pts, packet.dts, packet.duration = pts + starts[index], dts + starts[index], duration
                packet.time_base, packet.is_keyframe = bases[index], is_key
                packet.stream = streams[index]
                ends[index] = max(ends[index], starts[index] + dts + duration)
                container.mux(packet)
    return target


def _options(target: Path) -> dict[str, str]:
    return {} if target.suffix == ".webm" else {"movflags": "faststart"}


def _packets(file: Path) -> Iterator[tuple[int, bytes, int, int, int, bool]]:
    """Yield a file's packets, from time 0 on: track, content, both times, duration, and whether it is a key frame."""
    first: dict[int, int] = {}
    with av.open(str(file)) as container:
        for packet in container.demux():
            if packet.dts is not None and packet.pts is not None:
                start = first.setdefault(packet.stream.index, packet.dts)
                times = packet.pts - start, packet.dts - start, packet.duration or 0
                yield (packet.stream.index, bytes(packet), *times, packet.is_keyframe)


def _noise(path: Path) -> None:
    """Write a picture that cannot be made much smaller."""
    rng = np.random.default_rng(6)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FPS, options={"preset": "ultrafast", "g": str(2 * _FPS)})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.bit_rate = _BITS_PER_SECOND
        rough = rng.integers(0, 256, (2 * _FPS, 90, 160), np.uint8)
        for number in range(_PICTURE_S * _FPS):
            yuv = np.full((1080, 1280), 128, np.uint8)
            yuv[:720] = np.kron(rough[number % len(rough)], np.ones((8, 8), np.uint8))
            container.mux(stream.encode(av.VideoFrame.from_ndarray(yuv, format="yuv420p")))
        container.mux(stream.encode(None))


def _silence(path: Path, seconds: int = 10) -> None:
    """Write silence in the form of the sandbox's sound."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=_RATE, layout="stereo")
        frame = AudioFrame.from_ndarray(np.zeros((2, _RATE * seconds), np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = _RATE, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
