"""Rules of what becomes of a job whose stage has failed."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.errors import NotYetError, OperatorError, PermanentError, TransientError
from services.jobs.job import Job, JobStatus, Stage
from services.jobs.retry import TOO_LATE, UNEXPECTED, RetryPolicy
from tests.builders import NOON, a_job

POLICY = RetryPolicy(max_attempts=3, first_s=30, jitter=lambda: 0.5)


def running(attempts: int = 1) -> Job:
    return a_job(stage=Stage.DOWNLOADING, attempts=attempts - 1).entering(Stage.DOWNLOADING, NOON)


@pytest.mark.parametrize(("attempts", "wait"), [(1, 30), (2, 120)])
def test_a_transient_error_is_tried_again_with_growing_waits(attempts: int, wait: int) -> None:
    job = POLICY.after_failure(running(attempts), TransientError("busy"), NOON)

    assert (job.status, job.error) == (JobStatus.WAITING, "busy")
    assert job.not_before == NOON + timedelta(seconds=wait)


def test_the_last_try_of_a_stage_ends_the_job() -> None:
    job = POLICY.after_failure(running(attempts=3), TransientError("busy"), NOON)

    assert (job.status, job.error) == (JobStatus.FAILED, "busy")


def test_tries_are_counted_for_each_stage() -> None:
    job = running(attempts=3).entering(Stage.TRANSCRIBING, NOON)

    assert POLICY.after_failure(job, TransientError("busy"), NOON).status is JobStatus.WAITING


@pytest.mark.parametrize("seconds", [0.5, 300])
def test_a_wait_that_was_asked_for_is_obeyed_even_over_a_minute(seconds: float) -> None:
    job = POLICY.after_failure(running(), TransientError("busy", retry_after=seconds), NOON)

    assert job.not_before == NOON + timedelta(seconds=seconds)


@given(st.floats(0, 1), st.integers(1, 50))
def test_waits_are_spread_by_half_and_never_longer_than_an_hour_and_a_half(jitter: float, attempts: int) -> None:
    wait = RetryPolicy(jitter=lambda: jitter).wait_s(attempts, TransientError("busy"))

    plain = min(30 * 4.0 ** (attempts - 1), 3600)
    assert plain / 2 <= wait <= plain * 1.5


def test_a_permanent_error_is_never_tried_again() -> None:
    job = POLICY.after_failure(running(), PermanentError("private"), NOON)

    assert (job.status, job.failed_for_good) == (JobStatus.FAILED, True)


@pytest.mark.parametrize("error", [TransientError("busy"), ValueError("a bug")])
def test_a_job_that_failed_otherwise_may_yet_come_to_a_good_end(error: Exception) -> None:
    job = POLICY.after_failure(running(attempts=3), error, NOON)

    assert (job.status, job.failed_for_good) == (JobStatus.FAILED, False)


def test_what_an_operator_must_mend_is_waited_for_and_does_not_count_as_a_try() -> None:
    job = running(attempts=3)
    for _ in range(10):
        job = POLICY.after_failure(job, OperatorError("renew it", provider="Notion"), NOON)
        assert (job.status, job.waiting_for) == (JobStatus.WAITING, "Notion")
        job = job.entering(Stage.DOWNLOADING, NOON)

    assert job.attempts == 3


def test_holdups_one_after_another_are_one_line_of_the_story() -> None:
    job = running()
    for _ in range(100):
        job = job.held_up("renew it", NOON, "Notion").entering(Stage.DOWNLOADING, NOON)

    assert len(job.stage_runs) == 2


def test_an_unexpected_error_ends_the_job_without_telling_what_it_was() -> None:
    assert POLICY.after_failure(running(), ValueError("token=secret"), NOON).error == UNEXPECTED


def test_a_try_that_a_restart_broke_off_does_not_count() -> None:
    job = running(attempts=2).interrupted(NOON)

    assert (job.status, job.attempts) == (JobStatus.QUEUED, 1)
    assert job.entering(Stage.DOWNLOADING, NOON).attempts == 2


def test_what_is_not_there_yet_costs_no_try_however_often_it_is_looked_for() -> None:
    job = running(attempts=3)
    for minute in range(0, 600, 5):
        now = NOON + timedelta(minutes=minute)
        job = POLICY.after_failure(job, NotYetError("still live"), now)
        assert (job.status, job.error) == (JobStatus.WAITING, "still live")
        assert job.not_before == now + timedelta(minutes=5)
        assert job.is_early
        job = job.entering(Stage.DOWNLOADING, now)

    assert job.attempts == 1
    assert len(job.stage_runs) == 2


@pytest.mark.parametrize(
    ("begins_in", "wait"),
    [
        (timedelta(hours=3), timedelta(hours=3, minutes=5)),
        (timedelta(hours=-3), timedelta(minutes=5)),
        (timedelta(days=9), timedelta(days=1)),
    ],
)
def test_a_stream_is_looked_at_after_its_beginning_and_once_a_day(begins_in: timedelta, wait: timedelta) -> None:
    job = POLICY.after_failure(running(), NotYetError("not begun", begins_at=NOON + begins_in), NOON)

    assert job.not_before == NOON + wait


@pytest.mark.parametrize(
    ("begins_in", "waited"), [(timedelta(days=15), timedelta(0)), (timedelta(0), timedelta(days=15))]
)
def test_nobody_waits_for_ever(begins_in: timedelta, waited: timedelta) -> None:
    now = NOON + waited
    job = POLICY.after_failure(running(), NotYetError("not begun", begins_at=now + begins_in), now)

    assert (job.status, job.error) == (JobStatus.FAILED, TOO_LATE.format(days=14))
    again = job.retried(now).entering(Stage.PROCESSING, now)
    assert POLICY.after_failure(again, NotYetError("still live"), now).status is JobStatus.WAITING


def test_the_time_that_a_video_was_waited_for_is_no_time_of_work() -> None:
    later = NOON + timedelta(hours=3)

    job = POLICY.after_failure(running(), NotYetError("still live"), NOON).entering(Stage.DOWNLOADING, later)

    assert job.started_at == later
