from dataclasses import replace
from datetime import timedelta

from bench.reports import Shown, Step, lags
from bench.tables import p99_of
from services.jobs.job import Job, Stage
from tests.builders import NOON, a_job

MESSAGE = "3"


def a_job_that_downloads() -> Job:
    """Requested at noon, begun two seconds later, downloading four seconds later."""
    begun = replace(a_job(), created_at=NOON).entering(Stage.PROCESSING, NOON + timedelta(seconds=2))
    return begun.entering(Stage.DOWNLOADING, NOON + timedelta(seconds=4))


def shown(step: Step, seconds: float) -> Shown:
    return Shown(MESSAGE, step, NOON.timestamp() + seconds)


def test_a_report_that_skips_a_step_shows_it_with_the_next_one() -> None:
    told = [shown(Step.REQUESTED, 1), shown(Step.DOWNLOADING, 10)]

    assert list(lags(a_job_that_downloads(), told)) == [1, 8, 6]


def test_a_step_that_was_never_shown_has_no_lag() -> None:
    assert list(lags(a_job_that_downloads(), [shown(Step.PROCESSING, 3)])) == [3, 1]


def test_reports_of_other_messages_tell_nothing() -> None:
    assert list(lags(a_job_that_downloads(), [replace(shown(Step.ENDED, 3), job="4")])) == []


def test_one_bad_run_of_three_does_not_spoil_the_99th_percentile() -> None:
    assert p99_of([[1.0] * 100, [1.0] * 100, [900.0] * 100]) == 1
