"""Rules of a job's transitions."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.jobs.job import JOB_ID, Artifacts, Job, JobStatus, Stage, least_advanced
from tests.builders import ATTACHMENT, NOON, ROUTE, YOUTUBE, a_job, an_origin, finished_artifacts


def test_the_same_post_twice_is_one_job() -> None:
    first = Job.requested(YOUTUBE, ROUTE, an_origin(), NOON)
    again = Job.requested(YOUTUBE, ROUTE, an_origin(content="edited"), NOON + timedelta(hours=1))

    assert first.id == again.id


def test_two_videos_of_a_message_and_two_messages_of_a_video_are_different_jobs() -> None:
    ids = {a_job(YOUTUBE).id, a_job(ATTACHMENT).id, a_job(YOUTUBE, origin=an_origin(message_id=9)).id}

    assert len(ids) == 3


def test_the_videos_of_a_page_have_its_id_in_common_as_those_of_a_message_have_the_messages() -> None:
    page_id = "0123abcd-0000-4000-8000-00000000beef"
    nowhere = an_origin(message_id=0)
    for_page = [Job.requested(source, ROUTE, nowhere, NOON, page_id=page_id) for source in (YOUTUBE, ATTACHMENT)]

    assert {job.post for job in for_page} == {"0123abcd00004000800000000000beef"}
    assert {job.post for job in (a_job(YOUTUBE), a_job(ATTACHMENT))} == {"3"}
    assert for_page[0].id != for_page[1].id
    assert all(re.fullmatch(JOB_ID, job.id) for job in (*for_page, a_job()))


def test_a_stage_ends_when_its_result_is_held() -> None:
    later = NOON + timedelta(seconds=5)

    job = a_job().entering(Stage.PROCESSING, NOON)
    job = job.ending(Stage.PROCESSING, later).entering(Stage.DOWNLOADING, later)

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


LATER = NOON + timedelta(hours=1)


def a_failure(folder: Path, *, for_good: bool = False) -> Job:
    """Return a job with everything in it that an end can leave."""
    job = replace(a_job(artifacts=finished_artifacts(folder)), repost_of="another", attempts=2)
    return job.entering(Stage.UPLOADING, NOON).progressed(0.5).failed("no room", NOON, for_good=for_good)


def test_a_retried_job_stands_in_line_anew_with_its_story_and_all_that_it_made(tmp_path: Path) -> None:
    failed = a_failure(tmp_path, for_good=True)
    fresh = a_job(artifacts=failed.artifacts, stage_runs=failed.stage_runs, queued_at=LATER)

    assert failed.retried(LATER) == fresh
    assert (failed.in_line_since, fresh.in_line_since) == (NOON, LATER)


def test_a_redone_job_has_made_nothing_yet_and_no_earlier_post_answers_it(tmp_path: Path) -> None:
    redone = a_failure(tmp_path).redone(LATER)

    assert redone == replace(a_failure(tmp_path).retried(LATER), artifacts=Artifacts(), is_anew=True)
    assert redone.cancelled("Ada", LATER).retried(LATER).is_anew


@pytest.mark.parametrize("for_good", [True, False])
def test_a_failure_knows_whether_another_try_would_end_the_same_way(for_good: bool, tmp_path: Path) -> None:  # noqa: FBT001 (pytest fills it in)
    failed = a_failure(tmp_path, for_good=for_good)

    assert failed.failed_for_good is for_good
    assert not failed.retried(LATER).failed_for_good


def test_a_job_is_taken_up_again_from_its_place_in_line_until_a_worker_takes_it_or_it_ends() -> None:
    again = a_job().failed("gone", NOON).retried(LATER)

    assert again.is_taken_up_again
    assert not a_job().is_taken_up_again
    assert not again.entering(Stage.PROCESSING, LATER).is_taken_up_again
    assert not again.cancelled("Ada", LATER).is_taken_up_again
