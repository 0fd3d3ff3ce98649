from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from bench.asr import Hearing, results
from bench.sounds import HUSH, MUSIC, NOISE_DB, PAUSES_S, RATE, Samples, Sound, interrupted, noisy, recorded, sounds
from bench.words import word_error_rate
from sandbox.model import ModelError, base


def a_hearing(number: int, recogniser: str, seconds: float, wer: float, sound: str = "clean") -> Hearing:
    return Hearing(number, sound, recogniser, seconds, wer, peak_mb=300, text="")


def a_round(number: int, *, default: float, ours: float, points: float = 0) -> list[Hearing]:
    """All on clean speech; the batched one takes 20 seconds, the command 30."""
    return [
        a_hearing(number, "default", default, wer=2),
        a_hearing(number, "batched", 20, wer=3),
        a_hearing(number, "cli", 30, wer=2),
        a_hearing(number, "ours", ours, wer=2 + points),
    ]


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


@pytest.fixture(scope="module")
def clean() -> Sound:
    return recorded("english", 170)


def test_a_speedup_is_the_median_of_the_rounds_own_ratios() -> None:
    rounds = a_round(0, default=40, ours=10) + a_round(1, default=400, ours=200) + a_round(2, default=30, ours=10)

    assert results(rounds)["asr_clean_speedup"] == 3
    assert results(rounds)["asr_vs_batched_speedup"] == 2
    assert results(rounds)["asr_vs_cli_speedup"] == 3


def test_more_errors_than_the_default_are_a_delta_above_zero() -> None:
    rounds = [*a_round(0, default=1, ours=1, points=0.5), *a_round(1, default=1, ours=1, points=0.5)]

    assert results([*rounds, *a_round(2, default=1, ours=1, points=-9)])["asr_clean_wer_delta"] == 0.5


def test_each_recording_has_its_own_figures() -> None:
    noise = [a_hearing(0, "default", 60, 9, "noise"), a_hearing(0, "ours", 20, 8, "noise")]

    found = results([*a_round(0, default=1, ours=1), *noise])

    assert (found["asr_noise_speedup"], found["asr_noise_wer_delta"]) == (3, -1)
    assert found["asr_clean_speedup"] == 1


def test_words_that_are_wrong_missing_or_too_many_are_errors() -> None:
    assert word_error_rate("one may dial at any time", "one may smile at time again", "en") == 50


@pytest.mark.parametrize(
    ("said", "heard", "language"),
    [
        ("Press two, please.", "press 2 please", "en"),
        ("I'm sure that he won't", "I am sure that he will not", "en"),
        ("the colour of the theatre", "The color, of the theater!", "en"),
        ("le prime tre lettere, poi uno", "Le prime 3 lettere. Poi 1", "it"),
        ("l'operatore è già qui", "L'operatore è già qui!", "it"),
    ],
)
def test_how_a_word_is_written_is_no_error(said: str, heard: str, language: str) -> None:
    assert word_error_rate(said, heard, language) == 0


def test_four_sounds_are_heard_and_are_the_same_each_time() -> None:
    first, second = sounds(at_most_s=30), sounds(at_most_s=30)

    assert [sound.name for sound in first] == ["clean", "noise", "pauses", "other_language"]
    assert all(np.array_equal(one.samples, other.samples) for one, other in zip(first, second, strict=True))
    assert first[0].words == first[1].words == first[2].words != first[3].words


def test_recordings_hold_minutes_of_speech_that_fill_their_clips() -> None:
    for name in ("english", "italian"):
        sound = recorded(name)
        assert 270 < sound.duration_s < 330
        assert len(sound.samples) == sound.ends[-1]
        assert all(loudness(sound.samples[begin:end]) > 0.03 for begin, end in pairwise((0, *sound.ends)))


def test_noise_lies_as_far_below_the_speech_as_it_says(clean: Sound) -> None:
    noise = noisy(clean).samples - clean.samples

    assert 20 * np.log10(loudness(clean.samples) / loudness(noise)) == pytest.approx(NOISE_DB, abs=0.05)


def clips_and_gaps(clean: Sound, paused: Sound) -> tuple[list[Samples], list[Samples]]:
    """Take the interrupted recording apart: its clips, and what lies behind each."""
    lengths = [end - begin for begin, end in pairwise((0, *clean.ends))]
    begins = [end - length for end, length in zip(paused.ends, lengths, strict=True)]
    clips = [paused.samples[begin:end] for begin, end in zip(begins, paused.ends, strict=True)]
    nexts = [*begins[1:], len(paused.samples)]
    return clips, [paused.samples[end:begin] for end, begin in zip(paused.ends, nexts, strict=True)]


def test_pauses_leave_the_speech_whole(clean: Sound) -> None:
    clips, _ = clips_and_gaps(clean, interrupted(clean))

    assert np.array_equal(np.concatenate(clips), clean.samples)


def test_pauses_are_long_and_every_second_one_is_music(clean: Sound) -> None:
    _, gaps = clips_and_gaps(clean, interrupted(clean))
    pauses = [gap for gap in gaps if len(gap)]

    assert all(PAUSES_S[0] * RATE <= len(pause) <= PAUSES_S[1] * RATE for pause in pauses)
    assert [loudness(pause) for pause in pauses[::2]] == pytest.approx([HUSH] * len(pauses[::2]), rel=0.1)
    assert [loudness(pause) for pause in pauses[1::2]] == pytest.approx([MUSIC] * len(pauses[1::2]), rel=0.1)
    assert len(pauses) > 3
    assert len(gaps[-1])


def test_a_base_model_other_than_the_known_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"something else")

    with pytest.raises(ModelError, match="not the one that was checked"):
        base(tmp_path)
