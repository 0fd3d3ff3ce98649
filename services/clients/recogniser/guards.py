"""What tells that a model's words are not what was said, and what can be saved of them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.clients.recogniser.cutting import Chunk

FEWEST_BYTES = 4.0
"""Of text (UTF-8) for each second of speech."""

LONGEST_UNHEARD_S = 3.0
"""Seconds of speech in a row of which there are no words."""

REPETITIVE = 2.4
"""Compression ratio of a text that goes round in circles (OpenAI's whisper/transcribe.py)."""

UNLIKELY = -1.0
"""Mean log-probability of tokens below which a text is not to be trusted (the same source)."""

SILENT = 0.6
"""Probability of silence from which on words need to be likely to be kept (the same source)."""

LEAST_SPEECH_S = 0.2
"""Seconds of speech that a segment's words need, within..."""
TOLERANCE_S = 0.2
"""... so much of its own bounds, which are that inexact."""

ROUNDS = 3
"""More equal rounds than this, one after the other, are a loop."""
LONGEST_ROUND = 30
"""Words."""
MARKS = ".,;:!?…-\"'。，、！？"
"""What may differ from round to round."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Words of one chunk; seconds are the chunk's."""

    start: float
    end: float
    text: str
    likelihood: float
    """Mean log-probability of the tokens in the model's window."""
    silence: float
    """The model's own probability that nobody speaks in that window."""


def faults(heard: Sequence[Heard], chunk: Chunk) -> int:
    """Return how many things about these words call for another, more thorough attempt."""
    return lacks_words(heard, chunk) + goes_in_circles(heard) + (likelihood(heard) < UNLIKELY)


def better(first: Sequence[Heard], second: Sequence[Heard], chunk: Chunk) -> Sequence[Heard]:
    """Return the attempt with fewer faults; of equals the likelier: what is made up against a loop is not better."""
    return min(first, second, key=lambda heard: (faults(heard, chunk), -likelihood(heard)))


def likelihood(heard: Sequence[Heard]) -> float:
    """Return that of the least likely window; 0 where nothing was heard."""
    return min((segment.likelihood for segment in heard), default=0.0)


def goes_in_circles(heard: Sequence[Heard]) -> bool:
    """Whether the same comes again and again, and there is little else.

    Compression alone is no proof: announcements that all end alike ("followed by the hash key") reach 2.4 as well.
    """
    return repetitiveness(heard) > REPETITIVE and without_loops(heard) != list(heard)


def lacks_words(heard: Sequence[Heard], chunk: Chunk) -> bool:
    """Whether there are far too few words for the seconds of speech, in all or in one place."""
    speech_s = chunk.speech_between(0, chunk.seconds)
    size = sum(len(segment.text.encode()) for segment in heard)
    return size < FEWEST_BYTES * speech_s or longest_unheard(heard, chunk) > LONGEST_UNHEARD_S


def longest_unheard(heard: Sequence[Heard], chunk: Chunk) -> float:
    """Return the most seconds of speech between two segments, or before the first or after the last."""
    starts = [*(segment.start for segment in heard), chunk.seconds]
    ends = [0.0, *(segment.end for segment in heard)]
    return max(chunk.speech_between(end, start) for end, start in zip(ends, starts, strict=True))


def repetitiveness(heard: Sequence[Heard]) -> float:
    """Return the compression ratio of all words."""
    text = "".join(segment.text for segment in heard).strip().encode()
    return len(text) / len(zlib.compress(text))


def without_loops(heard: Sequence[Heard]) -> list[Heard]:
    """Return each round of words that comes again and again only once."""
    words = [(number, word) for number, segment in enumerate(heard) for word in _words(segment.text)]
    said = [word.strip().strip(MARKS).casefold() for _, word in words]
    texts = [""] * len(heard)
    at = 0
    while at < len(words):
        size, rounds = _rounds(said, at)
        for number, word in words[at : at + size]:
            texts[number] += word
        at += size * rounds
    return [replace(segment, text=text) for segment, text in zip(heard, texts, strict=True) if text.strip()]


def _words(text: str) -> list[str]:
    """Return the words, or the signs of a script without spaces; joined they are the text."""
    return re.findall(r"\s*\S+", text) if " " in text.strip() else list(text)


def _rounds(said: list[str], at: int) -> tuple[int, int]:
    """Return how many words there are in a round from there on, and how many rounds, if it is a loop; else 1 and 1."""
    for size in range(1, LONGEST_ROUND + 1):
        rounds = 1
        while said[at : at + size] == said[at + size * rounds : at + size * (rounds + 1)]:
            rounds += 1
        if rounds > ROUNDS:
            return size, rounds
    return 1, 1


def without_hallucinations(heard: Sequence[Heard], chunk: Chunk) -> list[Heard]:
    """Return the segments in whose time somebody speaks.

    The model's own doubt counts as well where its words are unlikely, or go round in circles: those it finds very
    likely. (Of 15 s of white noise, all taken for speech, base made ten times the same likely sentence: silence 0.86.)
    """
    circles = goes_in_circles(heard)
    return [
        segment
        for segment in heard
        if not (segment.silence > SILENT and (circles or segment.likelihood < UNLIKELY))
        and chunk.speech_between(segment.start - TOLERANCE_S, segment.end + TOLERANCE_S) >= LEAST_SPEECH_S
    ]
