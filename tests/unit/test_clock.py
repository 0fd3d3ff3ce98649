"""Rules of the clock that dates jobs, and of waits when it is wrong."""

import asyncio
from datetime import datetime, timedelta, timezone

import pytest

from bot.clock import Clock
from services.jobs.job import Stage
from services.queue.local import LocalQueue
from services.recorder import Recorder
from services.store import JobStore
from tests.builders import NOON, a_job

HOUR = timedelta(hours=1)


class Machine:
    """Its clock can be set; what counts its seconds cannot."""

    def __init__(self) -> None:
        self.wall = NOON.timestamp()
        self.steady = 0.0
        self.clock = Clock(timezone.utc, lambda: self.wall, lambda: self.steady)

    def after(self, seconds: float) -> datetime:
        self.wall += seconds
        self.steady += seconds
        return self.clock()


def test_time_is_the_machines_in_the_zone_of_the_settings() -> None:
    machine = Machine()

    assert (machine.clock(), machine.after(60)) == (NOON, NOON + timedelta(minutes=1))
    machine.wall += HOUR.total_seconds()
    assert machine.after(0) == NOON + HOUR + timedelta(minutes=1)


def test_a_clock_that_is_set_back_never_turns_the_order_of_jobs_round_and_is_right_again_later() -> None:
    machine = Machine()
    machine.wall -= HOUR.total_seconds()

    told = [machine.after(600) for _ in range(6)]

    assert told == sorted(set(told))
    assert told[-1] == NOON + HOUR / 2
    machine.after(HOUR.total_seconds())
    assert machine.after(1).timestamp() == machine.wall


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
async def test_a_retry_waits_no_longer_than_was_asked_for_whatever_became_of_the_clock(
    store: JobStore, jump: timedelta
) -> None:
    waiting = a_job().entering(Stage.DOWNLOADING, NOON).postponed("busy", NOON, NOON + timedelta(seconds=30))
    await store.add(waiting)
    await store.save(waiting)
    queue = LocalQueue(recorder := Recorder(store), workers=1, clock=lambda: NOON + jump)
    recorder.tell_also(queue)
    loop = asyncio.get_running_loop()

    await queue.restore()

    [(*_, timer)] = queue._postponed.values()
    wait_s = timer.when() - loop.time()
    assert wait_s == pytest.approx(0 if jump > timedelta() else 30, abs=1)
    timer.cancel()
