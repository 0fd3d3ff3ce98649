"""What the recognisers hear: recorded speech with known words (bench/audio/README.md), as it is, noisy, interrupted."""

import json
import wave
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from faster_whisper import decode_audio

FOLDER = Path(__file__).parent / "audio"
RATE = 16_000
"""Samples a second: what Whisper hears."""
SEED = 6
NOISE_DB = 10.0
"""How much louder the speech is than the noise under it."""
PAUSES_S = (3.0, 20.0)
PAUSE_AFTER_S = 20.0
"""Of speech: then the next pause, at the end of a clip."""
HUSH = 0.0002
"""Root mean square of a pause: no room is silent."""
MUSIC = 0.05
"""Root mean square of the music; the speech has 0.06."""
CHORDS = ((220.0, 261.6, 329.6), (174.6, 220.0, 261.6), (261.6, 329.6, 392.0), (196.0, 246.9, 293.7))
"""A minor, F, C, G: hertz."""
BEATS_A_S = 2

Samples = npt.NDArray[np.float32]
"""Mono, RATE a second, -1.0 to 1.0."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A recording and its words."""

    name: str
    language: str
    """ISO 639-1 code."""
    samples: Samples
    words: str
    ends: Sequence[int]
    """Where each clip in it ends: the number of its last sample."""

    @property
    def duration_s(self) -> float:
        return len(self.samples) / RATE

    def write(self, folder: Path) -> Path:
        """Return a 16-bit WAV file, which nobody takes long to decode."""
        path = folder / f"{self.name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes((self.samples * 32767).astype("<i2").tobytes())
        return path


def sounds(*, at_most_s: float | None = None, italian_from_s: float = 0.0) -> Sequence[Sound]:
    """Return all four; `at_most_s`: only so much of each, in whole clips.

    `noise` and `pauses` are made of `clean`: the same voices and words.
    """
    clean = recorded("english", at_most_s)
    other = recorded("italian", at_most_s, from_s=italian_from_s)
    return (
        replace(clean, name="clean"),
        replace(noisy(clean), name="noise"),
        replace(interrupted(clean), name="pauses"),
        replace(other, name="other_language"),
    )


def recorded(name: str, at_most_s: float | None = None, *, from_s: float = 0.0) -> Sound:
    """Return one of bench/audio, or the whole clips that end within `at_most_s` seconds after `from_s`."""
    story: Mapping[str, Any] = json.loads((FOLDER / f"{name}.json").read_text())
    before = [clip["end"] for clip in story["clips"] if clip["end"] <= from_s]
    begun = before[-1] if before else 0.0
    clips = [clip for clip in story["clips"][len(before) :] if at_most_s is None or clip["end"] <= begun + at_most_s]
    ends = [round((clip["end"] - begun) * RATE) for clip in clips]
    samples = _decoded(name)[round(begun * RATE) :][: ends[-1]]
    return Sound(name, story["language"], samples, " ".join(clip["words"] for clip in clips), ends)


def noisy(sound: Sound) -> Sound:
    """Return it under pink noise, as loud as NOISE_DB says, measured over the whole recording."""
    level = _loudness(sound.samples) / 10 ** (NOISE_DB / 20)
    return replace(sound, samples=_together(sound.samples, _pink(len(sound.samples), level, _draw())))


def interrupted(sound: Sound) -> Sound:
    """Return it with long pauses between clips and after the last one; every second one is music."""
    draw = _draw()
    pieces: list[Samples] = []
    ends: list[int] = []
    begun, added = 0, 0
    fillings: Sequence[Callable[[int, np.random.Generator], Samples]] = (_hush, music)
    for end in sound.ends:
        ends.append(end + added)
        if end - begun >= PAUSE_AFTER_S * RATE or end == sound.ends[-1]:
            filling = fillings[len(pieces) // 2 % 2](int(draw.uniform(*PAUSES_S) * RATE), draw)
            pieces += [sound.samples[begun:end], filling]
            begun, added = end, added + len(filling)
    return replace(sound, samples=np.concatenate(pieces), ends=ends)


def music(length: int, draw: np.random.Generator) -> Samples:
    """Return chords of plucked strings, two seconds each, over a beat."""
    time = np.arange(length) / RATE
    beat = time * BEATS_A_S % 1
    made = np.zeros(length)
    for number, chord in enumerate(CHORDS):
        sounding = (time // 2).astype(int) % len(CHORDS) == number
        for tone in chord:
            strings = sum(np.sin(2 * np.pi * tone * overtone * time) / overtone for overtone in range(1, 6))
            made += sounding * strings * np.exp(-2 * (time % 1))
    made += draw.standard_normal(length) * np.exp(-30 * beat) * 3
    return (made * MUSIC / _loudness(made)).clip(-1, 1).astype(np.float32)


@cache
def _decoded(name: str) -> Samples:
    return np.asarray(decode_audio(str(FOLDER / f"{name}.opus"), sampling_rate=RATE))


def _hush(length: int, draw: np.random.Generator) -> Samples:
    return _pink(length, HUSH, draw)


def _pink(length: int, level: float, draw: np.random.Generator) -> Samples:
    """Return noise with as much power in each octave: that of rooms, fans and streets."""
    spectrum = np.fft.rfft(draw.standard_normal(1 << length.bit_length()))  # a power of two is transformed quickly
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    made = np.fft.irfft(spectrum)[:length]
    return (made * level / _loudness(made)).astype(np.float32)


def _together(*layers: Samples) -> Samples:
    together: Samples = np.sum(layers, axis=0, dtype=np.float32)
    return together.clip(-1, 1)


def _loudness(samples: npt.NDArray[Any]) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def _draw() -> np.random.Generator:
    return np.random.default_rng(SEED)
