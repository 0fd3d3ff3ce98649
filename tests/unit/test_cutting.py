"""Where speech is cut: windows and probabilities in, chunks out."""

import numpy as np
import pytest

from services.clients.recogniser.cutting import MOST, Chunk, Cutter
from services.clients.recogniser.speech import WINDOW, WINDOW_S

SPEECH, SILENCE = 0.9, 0.1


def probabilities(*parts: tuple[float, float]) -> list[float]:
    """Probabilities of speech, of (seconds, probability) each."""
    return [probability for seconds, probability in parts for _ in range(round(seconds / WINDOW_S))]


def cut(*parts: tuple[float, float], first: int = 0) -> list[Chunk]:
    """Cut a recording whose samples tell their window's place."""
    cutter = Cutter(first)
    chances = np.array(probabilities(*parts), np.float32)
    places = np.arange(first, first + len(chances), dtype=np.float32)
    windows = np.repeat(places[:, None], WINDOW, axis=1)
    chunks = [
        chunk for one, chance in zip(windows, chances, strict=True) for chunk in cutter.add(one[None], chance[None])
    ]
    return [*chunks, *cutter.finish()]


def spans(chunks: list[Chunk]) -> list[tuple[float, float]]:
    """From where to where in the recording each chunk goes."""
    return [(chunk.moment(0), chunk.until) for chunk in chunks]


def about(*seconds: tuple[float, float]) -> object:
    return [pytest.approx(span, abs=0.1) for span in seconds]


def test_a_chunk_ends_in_the_middle_of_its_latest_pause_between_20_and_29_5_seconds() -> None:
    chunks = cut((12, SPEECH), (1, SILENCE), (9, SPEECH), (1, SILENCE), (4, SPEECH), (0.4, SILENCE), (12, SPEECH))

    assert spans(chunks) == about((0, 27.2), (27.2, 39.4))


def test_a_gap_shorter_than_0_3_seconds_is_no_pause() -> None:
    chunks = cut((21, SPEECH), (0.4, SILENCE), (5, SPEECH), (0.2, SILENCE), (12, SPEECH))

    assert spans(chunks)[0] == pytest.approx((0, 21.2), abs=WINDOW_S)


def test_speech_without_a_pause_is_cut_where_it_is_least_probable() -> None:
    chunks = cut((25, SPEECH), (0.2, 0.4), (20, SPEECH))

    assert spans(chunks)[0] == pytest.approx((0, 25.1), abs=0.1)


def test_no_chunk_is_longer_than_29_5_seconds_and_nothing_of_endless_speech_is_lost_or_doubled() -> None:
    chunks = cut((200, SPEECH))

    assert max(len(chunk.places) for chunk in chunks) <= MOST
    places = np.concatenate([chunk.places for chunk in chunks])
    assert (places == np.arange(len(places))).all()
    assert len(places) == round(200 / WINDOW_S)


def test_long_silence_is_left_out_but_for_a_margin_and_short_pauses_stay() -> None:
    [chunk] = cut((10, SILENCE), (3, SPEECH), (1.5, SILENCE), (3, SPEECH), (60, SILENCE), (2, SPEECH), (5, SILENCE))

    assert chunk.seconds == pytest.approx(0.4 + 3 + 1.5 + 3 + 0.4 + 0.4 + 2 + 0.4, abs=0.2)
    assert chunk.speech_between(0, chunk.seconds) == pytest.approx(8, abs=0.1)
    assert chunk.until == pytest.approx(79.9, abs=0.1)


def test_seconds_of_a_chunk_are_told_in_seconds_of_the_recording() -> None:
    [chunk] = cut((10, SILENCE), (3, SPEECH), (60, SILENCE), (2, SPEECH), (5, SILENCE))

    assert chunk.moment(0.4) == pytest.approx(10, abs=2 * WINDOW_S)
    assert chunk.moment(3.7, end=True) == pytest.approx(13.3, abs=2 * WINDOW_S)
    assert chunk.moment(4.2) == pytest.approx(73, abs=3 * WINDOW_S)
    joint = int(np.argmax(np.diff(chunk.places))) + 1
    assert chunk.moment(joint * WINDOW_S, end=True) == pytest.approx(13.4, abs=2 * WINDOW_S)
    assert chunk.moment(joint * WINDOW_S) == pytest.approx(72.6, abs=2 * WINDOW_S)


def test_time_is_told_from_the_first_to_the_last_speech_in_it() -> None:
    [chunk] = cut((10, SILENCE), (3, SPEECH), (60, SILENCE), (2, SPEECH), (5, SILENCE))

    assert chunk.spoken(0, 3.9) == pytest.approx((0.4, 3.4), abs=2 * WINDOW_S)
    assert chunk.spoken(1, 2) == (1, 2)
    assert chunk.spoken(3.5, 3.8) == (3.5, 3.8)


def test_samples_are_those_of_their_places() -> None:
    for chunk in cut((10, SILENCE), (30, SPEECH), (9, SILENCE), (20, SPEECH)):
        assert (chunk.samples[::WINDOW] == chunk.places).all()


@pytest.mark.parametrize("parts", [[(30, SILENCE)], [(9, SILENCE), (0.1, SPEECH), (9, SILENCE)], []])
def test_silence_and_a_click_in_it_are_no_chunk(parts: list[tuple[float, float]]) -> None:
    assert cut(*parts) == []


def test_a_short_word_after_a_cut_is_kept() -> None:
    chunks = cut((28, SPEECH), (1.2, SILENCE), (0.2, SPEECH), (0.3, SPEECH), (5, SILENCE))

    assert sum(chunk.speech_between(0, 30) for chunk in chunks) == pytest.approx(28.5, abs=0.1)


def test_doubtful_sound_is_speech_only_after_speech() -> None:
    assert cut((5, 0.4)) == []
    assert spans(cut((1, SPEECH), (5, 0.4))) == about((0, 6))


def test_a_recording_can_be_cut_from_any_window_on() -> None:
    [chunk] = cut((5, SPEECH), first=1000)

    assert spans([chunk]) == about((1000 * WINDOW_S, 1000 * WINDOW_S + 5))
