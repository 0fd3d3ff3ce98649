"""Rules of the pace at which processes share a limit that none of them sees."""

import pytest

from services.clients.pace import Pace


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(3, clock)


def refuse(pace: Pace, clock: Clock, times: int) -> None:
    for _ in range(times):
        clock.now += 2
        pace.refused()


def test_refusals_slow_down_but_not_for_ever(pace: Pace, clock: Clock) -> None:
    assert pace.turn_s == 1
    refuse(pace, clock, 1)
    assert pace.turn_s == pytest.approx(1.5)
    refuse(pace, clock, 20)
    assert pace.turn_s == 10


def test_refusals_that_come_together_slow_down_once(pace: Pace, clock: Clock) -> None:
    for _ in range(3):
        clock.now += 0.01
        pace.refused()

    assert pace.turn_s == pytest.approx(1.5)


def test_each_success_is_quicker_until_a_turn_is_a_second_again(pace: Pace, clock: Clock) -> None:
    refuse(pace, clock, 5)
    slow = pace.turn_s

    pace.succeeded()
    assert 1 < pace.turn_s < slow
    for _ in range(100):
        pace.succeeded()
    assert pace.turn_s == 1


def test_what_was_refused_before_a_pause_does_not_hold_up_what_comes_after_it(pace: Pace, clock: Clock) -> None:
    refuse(pace, clock, 20)

    clock.now += 20
    pace.begin()

    assert pace.turn_s == 1


def test_whoever_was_refused_does_not_come_back_with_the_others(pace: Pace) -> None:
    waits = [pace.refused() for _ in range(200)]

    assert min(waits) < 0.3
    assert 2.7 < max(waits) < 3.0
