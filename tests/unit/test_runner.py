"""Rules of a job's way through its stages."""

import asyncio
import itertools
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.errors import PermanentError, TransientError
from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.jobs.retry import RetryPolicy
from services.jobs.source import SourceKind
from services.media import Progress
from services.overview import Overview
from services.pipeline import course
from services.pipeline.runner import JobRunner
from services.pipeline.tasks import Tasks
from services.recorder import Recorder
from services.store import JobStore
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, a_metadata, a_transcript, some_media


@dataclass
class FakeStage:
    """Makes one artifact, unless told to misbehave."""

    name: Stage
    makes: Artifacts = field(default_factory=Artifacts)
    error: Exception | None = None
    done: bool = False
    pause: float = 0.0
    runs: int = 0
    workdir: Path | None = None

    def is_done(self, artifacts: Artifacts) -> bool:
        return self.done

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        self.runs += 1
        self.workdir = workdir
        (workdir / "left-over.part").touch()
        progress(0.5)
        await asyncio.sleep(self.pause)
        if self.error:
            raise self.error
        return self.makes


class Listener:
    def __init__(self) -> None:
        self.heard: list[Job] = []

    def notice(self, job: Job) -> None:
        self.heard.append(job)


def a_runner(store: JobStore, tmp_path: Path, listener: Listener, time_limit_s: float = 60) -> JobRunner:
    retry = RetryPolicy(max_attempts=2, jitter=lambda: 0.5)
    return JobRunner(Recorder(store, [listener]), retry, tmp_path / "work", lambda: NOON, time_limit_s)


async def test_stages_run_in_order_and_each_is_told_before_its_work_begins(store: JobStore, tmp_path: Path) -> None:
    listener, job = Listener(), a_job()
    await store.add(job)
    stages = [FakeStage(Stage.PROCESSING), FakeStage(Stage.DOWNLOADING, Artifacts(transcript=a_transcript()))]

    ended = await a_runner(store, tmp_path, listener).run(job, stages)

    assert [(job.status, job.stage) for job in listener.heard] == [
        (JobStatus.RUNNING, Stage.PROCESSING),
        (JobStatus.RUNNING, Stage.DOWNLOADING),
        (JobStatus.SUCCEEDED, Stage.COMPLETE),
    ]
    assert await store.get(job.id) == ended


async def test_finished_stages_do_not_run_again(store: JobStore, tmp_path: Path) -> None:
    done = FakeStage(Stage.DOWNLOADING, done=True)

    await a_runner(store, tmp_path, Listener()).run(a_job(), [done])

    assert done.runs == 0


async def test_a_failure_ends_the_job_with_its_reason_and_leaves_nothing_on_disk(
    store: JobStore, tmp_path: Path
) -> None:
    broken = FakeStage(Stage.DOWNLOADING, error=PermanentError("The video is private."))
    never = FakeStage(Stage.TRANSCRIBING)

    ended = await a_runner(store, tmp_path, Listener()).run(a_job(), [broken, never])

    assert (ended.status, ended.stage, ended.error) == (JobStatus.FAILED, Stage.DOWNLOADING, "The video is private.")
    assert never.runs == 0
    assert broken.workdir is not None
    assert not broken.workdir.exists()


async def test_an_unexpected_error_fails_the_job_but_not_the_worker_and_tells_no_secret(
    store: JobStore, tmp_path: Path
) -> None:
    broken = FakeStage(Stage.DOWNLOADING, error=ZeroDivisionError("token=hunter2"))

    ended = await a_runner(store, tmp_path, Listener()).run(a_job(), [broken])

    assert ended.status is JobStatus.FAILED
    assert "hunter2" not in (ended.error or "")


async def test_progress_is_recorded_while_a_stage_runs(
    store: JobStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(course, "PROGRESS_EVERY_S", 0.01)
    listener = Listener()

    await a_runner(store, tmp_path, listener).run(a_job(), [FakeStage(Stage.DOWNLOADING, pause=0.2)])

    assert 0.5 in [job.progress for job in listener.heard]


async def test_the_rate_of_a_stage_is_kept_when_it_ended_well_and_not_when_it_failed(
    store: JobStore, tmp_path: Path
) -> None:
    jumps = itertools.count()
    runner = replace(a_runner(store, tmp_path, Listener()), clock=lambda: NOON + timedelta(hours=next(jumps)))
    known = Artifacts(a_metadata(expected_bytes=1000), some_media(tmp_path))
    job = a_job(artifacts=known)
    await store.add(job)
    refused = PermanentError("refused")
    failing = [FakeStage(Stage.DOWNLOADING, known, pause=0.02), FakeStage(Stage.UPLOADING, error=refused)]

    for _ in range(5):
        await runner.run(job, failing)

    overview = Overview(store, "tiny.en")
    left = (await overview.forecast(job.entering(Stage.DOWNLOADING, NOON))).seconds_left
    assert left is not None
    assert 0.02 <= left < 60  # whatever the clock says
    assert (await overview.forecast(job.entering(Stage.UPLOADING, NOON))).seconds_left is None


async def test_a_cancelled_run_keeps_its_files_for_the_next(store: JobStore, tmp_path: Path) -> None:
    stage = FakeStage(Stage.DOWNLOADING, pause=60)
    running = asyncio.create_task(a_runner(store, tmp_path, Listener()).run(a_job(), [stage]))
    while not stage.runs:
        await asyncio.sleep(0)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert stage.workdir is not None
    assert (stage.workdir / "left-over.part").exists()


async def test_a_transient_failure_postpones_the_job_and_keeps_what_is_done(store: JobStore, tmp_path: Path) -> None:
    first = FakeStage(Stage.PROCESSING, Artifacts(metadata=a_metadata()))
    flaky = FakeStage(Stage.DOWNLOADING, error=TransientError("The site is busy."))

    ended = await a_runner(store, tmp_path, Listener()).run(a_job(), [first, flaky])

    assert (ended.status, ended.stage, ended.error) == (JobStatus.WAITING, Stage.DOWNLOADING, "The site is busy.")
    assert ended.not_before == NOON + timedelta(seconds=30)
    assert ended.artifacts.metadata == a_metadata()
    assert flaky.workdir is not None
    assert (flaky.workdir / "left-over.part").exists()


async def test_a_try_that_takes_too_long_is_ended(store: JobStore, tmp_path: Path) -> None:
    endless = FakeStage(Stage.DOWNLOADING, pause=60)
    job = a_job(stage=Stage.DOWNLOADING, attempts=1)

    ended = await a_runner(store, tmp_path, Listener(), time_limit_s=0.5).run(job, [endless])

    assert (ended.status, ended.error) == (JobStatus.FAILED, f"Task {job.id} exceeded time limit")


async def test_folders_of_jobs_that_are_not_on_their_way_are_swept_away(store: JobStore, tmp_path: Path) -> None:
    unfinished, ended = a_job(), a_job(ATTACHMENT).failed("gone", NOON)
    for job in (unfinished, ended):
        await store.add(job)
    for name in ("abandoned", unfinished.id, ended.id):
        (tmp_path / "work" / name).mkdir(parents=True)

    await a_runner(store, tmp_path, Listener()).sweep()

    assert [folder.name for folder in (tmp_path / "work").iterdir()] == [unfinished.id]


@pytest.mark.parametrize("error", [None, PermanentError("gone")])
@pytest.mark.parametrize("source", [YOUTUBE, ATTACHMENT, replace(YOUTUBE, kind=SourceKind.WEB)])
async def test_links_and_attachments_each_have_their_task(
    source: object, error: Exception | None, store: JobStore, tmp_path: Path
) -> None:
    link = FakeStage(Stage.PROCESSING, Artifacts(metadata=a_metadata()), error)
    attachment = FakeStage(Stage.PROCESSING, Artifacts(metadata=a_metadata()), error)
    tasks = Tasks(a_runner(store, tmp_path, Listener()), link_stages=[link], attachment_stages=[attachment])

    ended = await tasks.process(a_job(source))  # type: ignore[arg-type]  # each of the parametrised sources

    assert (link.runs, attachment.runs) == ((0, 1) if source is ATTACHMENT else (1, 0))
    assert ended.status is (JobStatus.FAILED if error else JobStatus.SUCCEEDED)
