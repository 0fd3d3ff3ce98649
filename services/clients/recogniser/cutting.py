"""Speech, cut at its pauses into chunks that the model takes at once; what is no speech is left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from services.clients.recogniser.sound import Sound
from services.clients.recogniser.speech import WINDOW_S

BEGINS, ENDS = 0.5, 0.35
"""Probabilities of speech from which on it begins, and below which it ends: silero-vad's and faster-whisper's."""


def _windows(seconds: float) -> int:
    return round(seconds / WINDOW_S)


PAUSE = _windows(0.3)
LEAST, MOST = _windows(20), int(29.5 / WINDOW_S)
"""A chunk ends at its latest pause between these; the model takes 30 s. Measured in FACTS, "Speech recognition"."""

LONG_PAUSE, MARGIN = _windows(2.0), _windows(0.4)
"""Of a pause longer than the first, only this much is kept at either end: faster-whisper's own measures."""

SHORTEST = _windows(0.25)
"""Less speech than this among long pauses is a click or a cough: silero-vad's own measure."""


class Window(NamedTuple):
    """One window of sound, and its place among all of the recording."""

    place: int
    samples: Sound
    probability: float
    speech: bool


@dataclass(frozen=True, slots=True)
class Chunk:
    """Half a minute of sound at most, of which windows may have been left out."""

    samples: Sound
    places: npt.NDArray[np.int64]
    """Of each window, in the recording."""
    speech: npt.NDArray[np.bool_]
    """Whether there is speech in each window."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.speech) * WINDOW_S

    @property
    def until(self) -> float:
        """Seconds of the recording, up to which all speech is in this chunk or in those before it."""
        return float(self.places[-1] + 1) * WINDOW_S

    def moment(self, seconds: float, *, end: bool = False) -> float:
        """Return the second of the recording for one of the chunk.

        Where sound was left out just there, the start of what follows it, or the `end` of what was before.
        """
        exact = round(seconds / WINDOW_S, 6)
        index = int(np.ceil(exact)) - 1 if end else int(exact)
        index = min(max(index, 0), len(self.places) - 1)
        return (float(self.places[index]) - index) * WINDOW_S + seconds

    def speech_between(self, start: float, end: float) -> float:
        """Return how many seconds of speech are between two seconds of the chunk."""
        return float(self.speech[_slice(start, end)].sum()) * WINDOW_S

    def spoken(self, start: float, end: float) -> tuple[float, float]:
        """Return the seconds of the chunk, between two of it, between which there is speech; where none is, those."""
        part = _slice(start, end)
        [places] = self.speech[part].nonzero()
        if not len(places):
            return start, end
        first, last = part.start + places[0], part.start + places[-1] + 1
        return max(start, float(first) * WINDOW_S), min(end, float(last) * WINDOW_S)


def _slice(start: float, end: float) -> slice:
    return slice(max(int(round(start / WINDOW_S, 6)), 0), int(np.ceil(round(end / WINDOW_S, 6))))


class Cutter:
    """Takes the windows of one recording in their order; holds those of one chunk."""

    def __init__(self, first: int = 0) -> None:
        """`first` is the place of the first window."""
        self._next = first
        self._held: list[Window] = []
        self._stretch: int | None = None
        """Where in `_held` the speech since the last long pause begins; None: in a long pause, or before all speech."""
        self._spoken = 0
        """Windows of speech since the last long pause."""
        self._silent = 0
        """Windows since there was speech."""
        self._lead: deque[Window] = deque(maxlen=MARGIN)
        """The last windows of a long pause."""

    def add(self, windows: Sound, probabilities: npt.NDArray[np.float32]) -> Iterator[Chunk]:
        """Yield the chunks that these windows make whole."""
        for samples, probability in zip(windows, probabilities.tolist(), strict=True):
            speaking = self._stretch is not None and self._silent == 0
            speech = probability >= (ENDS if speaking else BEGINS)
            self._take(Window(self._next, samples, probability, speech))
            self._next += 1
            if len(self._held) >= MOST:
                yield self._cut()

    def finish(self) -> Iterator[Chunk]:
        """Yield what is left at the recording's end."""
        if self._stretch is not None:
            self._end_stretch()
        if self._held:
            yield _chunk(self._held)
            self._held = []

    def _take(self, window: Window) -> None:
        self._silent = 0 if window.speech else self._silent + 1
        self._spoken += window.speech
        if self._stretch is not None:
            self._held.append(window)
            if self._silent > LONG_PAUSE:
                self._end_stretch()
        elif window.speech:
            self._stretch = len(self._held)
            self._held += [*self._lead, window]
            self._lead.clear()
        else:
            self._lead.append(window)

    def _end_stretch(self) -> None:
        """Leave a long pause out, but for its margins, and what was hardly speech."""
        kept = len(self._held) - max(self._silent - MARGIN, 0)
        self._lead.extend(self._held[kept:])
        del self._held[kept:]
        if self._spoken < SHORTEST:
            del self._held[self._stretch :]
        self._stretch, self._spoken = None, 0

    def _cut(self) -> Chunk:
        end = _best_end(self._held)
        chunk = _chunk(self._held[:end])
        self._held = self._held[end:]
        if self._stretch is not None:
            self._stretch = max(self._stretch - end, 0)
        return chunk


def _best_end(windows: list[Window]) -> int:
    """Return where to cut: in the middle of the latest pause, or if there is none, where speech is least probable."""
    pause = 0
    for index in range(len(windows) - 1, LEAST - 1, -1):
        pause = 0 if windows[index].speech else pause + 1
        if pause >= PAUSE:
            return _middle_of_pause(windows, index)
    probabilities = np.array([window.probability for window in windows[LEAST:MOST]])
    return LEAST + int(np.argmin(np.convolve(probabilities, np.ones(5), "valid"))) + 2


def _middle_of_pause(windows: list[Window], inside: int) -> int:
    """Return the middle of the pause around an index, in bounds."""
    start = end = inside
    while start > 0 and not windows[start - 1].speech:
        start -= 1
    while end < len(windows) and not windows[end].speech:
        end += 1
    return min(max((start + end) // 2, LEAST), MOST)


def _chunk(windows: list[Window]) -> Chunk:
    return Chunk(
        np.concatenate([window.samples for window in windows]),
        np.array([window.place for window in windows]),
        np.array([window.speech for window in windows]),
    )
