"""Rules of what is counted of jobs."""

from datetime import timedelta
from typing import Any

import pytest

from bot.metrics import Metrics
from services.jobs.job import Stage
from tests.builders import NOON, a_job


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(lambda: NOON)


def value(metrics: Metrics, name: str, **labels: Any) -> float:
    return metrics.registry.get_sample_value(f"auditscribe_{name}", labels) or 0.0


def after(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


def test_each_try_of_a_stage_is_measured_once_and_a_failed_one_is_a_retry(metrics: Metrics) -> None:
    job = a_job()
    metrics.notice(job)
    job = job.entering(Stage.DOWNLOADING, NOON)
    metrics.notice(job)
    job = job.postponed("The site is busy.", after(4), after(60))
    metrics.notice(job)
    metrics.notice(job)
    job = job.entering(Stage.DOWNLOADING, after(60)).entering(Stage.TRANSCRIBING, after(61))
    job = job.ending(Stage.TRANSCRIBING, after(70))
    metrics.notice(job)
    job = job.ending(Stage.DOWNLOADING, after(90))
    metrics.notice(job.succeeded(after(91)))

    seconds = "stage_duration_seconds_sum"
    assert value(metrics, seconds, stage="Downloading", outcome="failed") == 4
    assert value(metrics, seconds, stage="Downloading", outcome="done") == 30
    assert value(metrics, seconds, stage="Transcribing", outcome="done") == 9
    assert value(metrics, "retries_total", stage="Downloading", after="time") == 1
    assert value(metrics, "jobs_ended_total", stage="Complete", end="succeeded") == 1


def test_what_a_job_went_through_before_the_bot_started_is_not_counted(metrics: Metrics) -> None:
    job = a_job().entering(Stage.DOWNLOADING, NOON).interrupted(after(9))
    metrics.notice(job)
    metrics.notice(job.cancelled("Ada", after(10)))
    metrics.notice(job.cancelled("Ada", after(10)))

    assert value(metrics, "stage_duration_seconds_count", stage="Downloading", outcome="failed") == 0
    assert value(metrics, "jobs_ended_total", stage="Downloading", end="cancelled") == 1


def test_a_job_that_waits_for_the_operator_is_told_apart(metrics: Metrics) -> None:
    job = a_job()
    metrics.notice(job)
    metrics.notice(job.entering(Stage.UPLOADING, NOON).held_up("Log in again.", after(1), "Google Drive"))

    assert value(metrics, "retries_total", stage="Uploading to Drive", after="operator") == 1
