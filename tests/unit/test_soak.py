"""Rules by which a soak judges what it has measured."""

from pathlib import Path

import pytest

from tests.e2e.soak.gauges import Lags, grown, quarters


def test_the_lags_of_all_lives_are_judged_together(tmp_path: Path) -> None:
    for life, lag_s in enumerate((0.0005, 0.2)):
        lags = Lags()
        for _ in range(99 if life == 0 else 1):
            lags.note(lag_s)
        lags.save(tmp_path / f"{life}.json")

    together = Lags.of(tmp_path.glob("*.json"))

    assert (together.percentile(0.5), together.percentile(0.99), together.percentile(1)) == (1, 1, 200)
    assert [*together.wrong()] == []
    together.note(0.2)
    assert [*together.wrong()] == ["the event loop's lag has a p99 of 200 ms, more than 50 ms"]


def test_a_bot_that_nobody_measured_has_not_passed() -> None:
    assert [*Lags.of([]).wrong()] == ["the event loop's lag was not measured"]


@pytest.mark.parametrize(("last", "is_wrong"), [(100, False), (109, False), (60, False), (111, True)])
def test_memory_may_not_grow_by_more_than_a_tenth_from_the_second_quarter_to_the_last(
    last: int,
    is_wrong: bool,  # noqa: FBT001
) -> None:
    samples = [(float(at), float(size)) for at, size in enumerate([50] * 25 + [100] * 25 + [500] * 25 + [last] * 25)]

    assert quarters(samples) == [50, 100, 500, last]
    assert [bool(sentence) for sentence in grown(samples)] == [True] * is_wrong
