"""Rules of a job's transitions."""

from datetime import timedelta

from services.jobs.job import Job, JobStatus, Stage, least_advanced
from tests.builders import ATTACHMENT, NOON, ROUTE, YOUTUBE, a_job, an_origin


def test_the_same_post_twice_is_one_job() -> None:
    first = Job.requested(YOUTUBE, ROUTE, an_origin(), NOON)
    again = Job.requested(YOUTUBE, ROUTE, an_origin(content="edited"), NOON + timedelta(hours=1))

    assert first.id == again.id


def test_two_videos_of_a_message_and_two_messages_of_a_video_are_different_jobs() -> None:
    ids = {a_job(YOUTUBE).id, a_job(ATTACHMENT).id, a_job(YOUTUBE, origin=an_origin(message_id=9)).id}

    assert len(ids) == 3


def test_a_stage_ends_when_its_result_is_held() -> None:
    later = NOON + timedelta(seconds=5)

    job = a_job().entering(Stage.PROCESSING, NOON)
    job = job.holding(job.artifacts, later).entering(Stage.DOWNLOADING, later)

    assert [(run.stage, run.ended_at) for run in job.stage_runs] == [
        (Stage.PROCESSING, later),
        (Stage.DOWNLOADING, None),
    ]
    assert job.started_at == NOON


def test_a_failed_job_keeps_the_stage_that_it_failed_in_and_says_why() -> None:
    job = a_job().entering(Stage.DOWNLOADING, NOON).failed("the video is private", NOON)

    assert (job.status, job.stage, job.error) == (JobStatus.FAILED, Stage.DOWNLOADING, "the video is private")
    assert job.stage_runs[-1].error == "the video is private"


def test_the_least_advanced_video_speaks_for_a_message_while_any_runs_then_a_failed_one() -> None:
    queued = a_job()
    running = a_job().entering(Stage.UPLOADING, NOON)
    failed = a_job().failed("gone", NOON)
    done = a_job().succeeded(NOON)

    assert least_advanced([done, failed, running, queued]) is queued
    assert least_advanced([done, failed, running]) is running
    assert least_advanced([done, failed]) is failed
    assert least_advanced([done]) is done
