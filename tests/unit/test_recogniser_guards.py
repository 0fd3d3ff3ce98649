"""What is thought of a model's words, and what is made of them."""

import numpy as np
import pytest

from services.clients.recogniser.cutting import Chunk
from services.clients.recogniser.guards import (
    REPETITIVE,
    Heard,
    better,
    faults,
    goes_in_circles,
    lacks_words,
    repetitiveness,
    without_hallucinations,
    without_loops,
)
from services.clients.recogniser.speech import WINDOW, WINDOW_S

SENTENCE = " And so, my fellow Americans, ask not what your country can do for you."


NAMES = [
    "Login failed",
    "Wrong password",
    "Hello",
    "Conference",
    "Agent",
    "Welcome back",
    "Sorry",
    "Thank you",
    "Once more",
]


def a_chunk(*spoken: tuple[float, float], seconds: float = 20) -> Chunk:
    """A chunk with speech between those seconds."""
    at = np.arange(round(seconds / WINDOW_S)) * WINDOW_S
    speech = np.zeros(len(at), np.bool_)
    for start, end in spoken:
        speech |= (at >= start) & (at < end)
    return Chunk(np.zeros(len(at) * WINDOW, np.float32), np.arange(len(at)), speech)


def heard(
    text: str = SENTENCE, start: float = 0, end: float = 6, likelihood: float = -0.2, silence: float = 0.05
) -> Heard:
    return Heard(start, end, text, likelihood, silence)


@pytest.mark.parametrize(
    ("segments", "chunk"),
    [
        pytest.param([], a_chunk((0, 2)), id="nothing at all"),
        pytest.param([heard(" And so", 0, 20)], a_chunk((0, 20)), id="two words for twenty seconds"),
        pytest.param([heard()], a_chunk((0, 11)), id="nothing of the end"),
        pytest.param([heard(start=5, end=11)], a_chunk((0, 11)), id="nothing of the start"),
        pytest.param([heard(), heard(start=12, end=18)], a_chunk((0, 18)), id="nothing of the middle"),
    ],
)
def test_far_too_few_words_for_the_seconds_of_speech_are_noticed(segments: list[Heard], chunk: Chunk) -> None:
    assert lacks_words(segments, chunk)
    assert faults(segments, chunk) == 1


@pytest.mark.parametrize(
    ("segments", "chunk"),
    [
        pytest.param([heard()], a_chunk((0, 6)), id="as fast as people speak"),
        pytest.param([heard(), heard(start=14, end=20)], a_chunk((0, 6), (14, 20)), id="a pause between them"),
        pytest.param([heard(" 我们认为这些真理是不言而喻的", 0, 4)], a_chunk((0, 4)), id="a script without spaces"),
    ],
)
def test_enough_words_are_enough_in_any_script(segments: list[Heard], chunk: Chunk) -> None:
    assert faults(segments, chunk) == 0


def test_words_that_the_model_itself_finds_unlikely_are_doubted() -> None:
    assert faults([heard(likelihood=-1.2)], a_chunk((0, 6))) == 1


def test_loops_are_a_fault_and_sentences_that_end_alike_are_none() -> None:
    alike = [heard(f" {start}, please enter your operator number followed by the hash key.") for start in NAMES]

    assert repetitiveness(alike) > REPETITIVE
    assert not goes_in_circles(alike)
    assert goes_in_circles([heard(" I know. " * 20)])


def test_of_two_attempts_that_with_fewer_faults_counts_and_of_equals_the_likelier() -> None:
    chunk = a_chunk((0, 6))
    sure, unsure, loop = [heard(likelihood=-0.2)], [heard(likelihood=-0.5)], [heard(" I know. " * 20, likelihood=-0.1)]
    made_up = [heard(likelihood=-1.5)]

    assert better(unsure, sure, chunk) == sure
    assert better(loop, unsure, chunk) == unsure
    assert better(loop, made_up, chunk) == loop
    assert better([], unsure, chunk) == unsure


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ([" Well, " + "I know. " * 20], [" Well, I know."]),
        ([" Thank you."] * 9, [" Thank you."]),
        (
            [" And so", *[" ask not what your country"] * 6, " the end"],
            [" And so", " ask not what your country", " the end"],
        ),
        ([" No, no, no."], [" No, no, no."]),
        ([SENTENCE, SENTENCE], [SENTENCE, SENTENCE]),
    ],
)
def test_of_words_that_go_round_and_round_one_round_is_left(texts: list[str], kept: list[str]) -> None:
    assert [segment.text for segment in without_loops([heard(text) for text in texts])] == kept


def test_rounds_are_the_same_however_they_are_written() -> None:
    [segment] = without_loops([heard(" Yes YES yes " * 4)])

    assert segment.text == " Yes"


def test_words_for_a_time_in_which_nobody_speaks_are_dropped() -> None:
    chunk = a_chunk((0, 6), (15, 16))
    real, late = heard(), heard(" Yes.", 15.1, 16)

    assert without_hallucinations([real, heard(" Thank you.", 8, 12), late], chunk) == [real, late]


def test_words_are_dropped_where_the_model_hears_silence_and_does_not_trust_them_or_repeats_them() -> None:
    chunk = a_chunk((0, 20))
    loop = [heard(" Thank you.", start, start + 1, silence=0.9) for start in range(10)]

    assert without_hallucinations(loop, chunk) == []
    assert without_hallucinations([heard(likelihood=-1.2, silence=0.9)], chunk) == []
    for kept in (heard(silence=0.9), heard(likelihood=-1.2)):
        assert without_hallucinations([kept], chunk) == [kept]
