"""Rules of two lanes at once: the media come down and go up while the words are heard."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timezone
from pathlib import Path
from typing import Any

import pytest

from services.clients.local_storage import LocalStorage
from services.clients.whisper import MovedError, NotYetReadableError
from services.errors import OperatorError, PermanentError, TransientError
from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.jobs.retry import RetryPolicy
from services.media import Heard, Progress, StoredFile, Transcript
from services.pipeline.arrival import Arrival
from services.pipeline.download import is_downloaded
from services.pipeline.runner import JobRunner
from services.pipeline.streaming import Streaming
from services.pipeline.transcribe import Transcribe
from services.pipeline.upload import Upload
from services.recorder import Recorder
from services.store import JobStore
from tests.builders import NOON, a_job, a_metadata, a_transcript, some_media

GROWING = "sound.part"


@dataclass
class FakeDownload:
    """Tells of its sound at once; the rest comes when it may."""

    error: Exception | None = None
    sound_is_whole: bool = False
    last_name: str | None = None
    """Told at the end, if it is another one."""
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    runs: int = 0

    def is_done(self, artifacts: Artifacts) -> bool:
        return is_downloaded(artifacts)

    async def run(self, job: Job, workdir: Path, progress: Progress, arrival: Arrival) -> Artifacts:
        self.runs += 1
        arrival.sound_in(workdir / GROWING, whole=self.sound_is_whole)
        await self.may_end.wait()
        if self.last_name:
            arrival.sound_in(workdir / self.last_name, whole=True)
        if self.error:
            raise self.error
        return replace(job.artifacts, media=some_media(workdir))


@dataclass
class FakeEars:
    """Hears the beginning at once; the rest when it may."""

    growing_error: Exception | None = None
    error: Exception | None = None
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    heard: list[str] = field(default_factory=list)
    was_cut_off: bool = False

    async def transcribe(
        self, audio: Path, *, heard: Heard, whole: asyncio.Event | None = None, **_: Any
    ) -> Transcript:
        self.heard.append(audio.name)
        if whole and self.growing_error and audio.name == GROWING:
            raise self.growing_error
        heard(0.5)
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cut_off = True
            raise
        if self.error:
            raise self.error
        return a_transcript()


class FakeStorage(LocalStorage):
    """A folder that can be told to refuse."""

    error: Exception | None = None
    stored: tuple[str, ...] = ()

    async def upload(self, path: Path, name: str, **how: Any) -> StoredFile:
        if self.error:
            raise self.error
        self.stored += (name,)
        return await super().upload(path, name, **how)


class Way:
    """One job, what becomes of it, and the parts that it goes through."""

    def __init__(self, store: JobStore, folder: Path) -> None:
        self.download, self.ears, self.storage = FakeDownload(), FakeEars(), FakeStorage(folder / "store")
        self.job = a_job(artifacts=Artifacts(a_metadata()))
        self.shown: list[Stage | None] = []
        recorder = Recorder(store, [self])
        self._runner = JobRunner(recorder, RetryPolicy(3, jitter=lambda: 0.5), folder / "work", lambda: NOON, 60)

    def notice(self, job: Job) -> None:
        self.job = job
        if job.status is JobStatus.RUNNING and self.shown[-1:] != [job.stage]:
            self.shown.append(job.stage)

    async def run(self, *meanwhile: Callable[[], bool], then: Callable[[], None] = lambda: None) -> Job:
        """Go once through the lanes; `then` comes when all of `meanwhile` have come true."""
        upload = Upload(self.storage, timezone.utc)
        streaming = Streaming(self.download, Transcribe(self.ears, None), upload)  # type: ignore[arg-type]
        running = asyncio.create_task(self._runner.run(self.job, [streaming]))
        async with asyncio.timeout(10):
            for condition in meanwhile:
                while not condition():
                    await asyncio.sleep(0.001)
            then()
            return await running


@pytest.fixture
async def way(store: JobStore, tmp_path: Path) -> Way:
    way = Way(store, tmp_path)
    await store.add(way.job)
    return way


async def test_the_words_are_heard_while_the_video_comes_and_what_both_lanes_made_is_kept(way: Way) -> None:
    way.ears.may_end.set()

    ended = await way.run(lambda: Stage.UPLOADING in way.shown, then=way.download.may_end.set)

    assert ended.status is JobStatus.SUCCEEDED
    assert way.ears.heard == [GROWING]
    assert (ended.artifacts.transcript, ended.artifacts.mode) == (a_transcript(), "streaming")
    assert ended.artifacts.stored is not None
    assert all(run.ended_at for run in ended.stage_runs)


async def test_the_video_goes_up_while_the_words_are_heard_and_the_status_follows_the_words(way: Way) -> None:
    way.download.may_end.set()

    await way.run(lambda: len(way.storage.stored) == 2, then=way.ears.may_end.set)

    assert way.shown == [Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING]
    assert way.storage.stored == ("video.mp4", "audio.m4a", "transcript.txt", "transcript.srt")


async def test_a_sound_that_has_its_last_name_before_it_is_read_is_heard_under_that_one(way: Way) -> None:
    way.ears.growing_error = MovedError("gone")
    way.ears.may_end.set()
    way.download.last_name = "sound.whole"

    ended = await way.run(lambda: way.ears.heard == [GROWING], then=way.download.may_end.set)

    assert way.ears.heard == [GROWING, "sound.whole"]
    assert ended.artifacts.mode == "streaming"


async def test_sound_that_cannot_be_read_as_it_comes_is_heard_from_the_whole_file(way: Way) -> None:
    way.ears.growing_error = NotYetReadableError("the index is at the end of the file")
    way.ears.may_end.set()

    ended = await way.run(lambda: way.ears.heard == [GROWING], then=way.download.may_end.set)

    assert way.ears.heard == [GROWING, "audio.m4a"]
    assert ended.status is JobStatus.SUCCEEDED
    assert ended.artifacts.mode == "fallback: the index is at the end of the file"


async def test_a_download_that_fails_ends_the_listening_and_its_tries_are_counted(way: Way) -> None:
    way.download.error = TransientError("The site is busy.")

    for tries in (1, 2):
        way.download.may_end.clear()
        job = await way.run(lambda n=tries: len(way.ears.heard) == n, then=way.download.may_end.set)  # type: ignore[misc]
        assert (job.status, job.stage, job.attempts) == (JobStatus.WAITING, Stage.DOWNLOADING, tries)
        assert job.error == "The site is busy."
    way.download.may_end.clear()
    job = await way.run(lambda: len(way.ears.heard) == 3, then=way.download.may_end.set)

    assert (job.status, job.stage) == (JobStatus.FAILED, Stage.DOWNLOADING)
    assert way.ears.was_cut_off


async def test_what_was_heard_of_a_sound_that_is_whole_is_kept_when_the_picture_fails(way: Way) -> None:
    way.download.error, way.download.sound_is_whole = TransientError("The site is busy."), True
    way.download.may_end.set()

    job = await way.run(lambda: way.ears.heard == [GROWING], then=way.ears.may_end.set)

    assert (job.status, job.stage) == (JobStatus.WAITING, Stage.DOWNLOADING)
    assert job.artifacts.transcript == a_transcript()


async def test_ears_that_fail_lose_nothing_of_what_came_and_their_tries_are_counted(way: Way) -> None:
    way.ears.error = TransientError("The speech recogniser ended.")
    way.ears.may_end.set()

    job = await way.run(lambda: way.ears.heard == [GROWING], then=way.download.may_end.set)
    assert (job.status, job.stage, job.attempts) == (JobStatus.WAITING, Stage.TRANSCRIBING, 1)
    assert len(way.storage.stored) == 2
    job = await way.run()
    assert (job.stage, job.attempts) == (Stage.TRANSCRIBING, 2)
    way.ears.error = None
    job = await way.run()

    assert job.status is JobStatus.SUCCEEDED
    assert way.download.runs == 1
    assert job.artifacts.mode == "fallback: it was downloaded before"


async def test_a_storage_that_the_operator_must_mend_does_not_keep_the_words_from_being_heard(way: Way) -> None:
    way.storage.error = OperatorError("Google Drive is full.", provider="Google Drive")
    way.download.may_end.set()
    way.ears.may_end.set()

    job = await way.run()
    assert (job.status, job.stage, job.waiting_for) == (JobStatus.WAITING, Stage.UPLOADING, "Google Drive")
    way.storage.error = None
    job = await way.run()

    assert job.status is JobStatus.SUCCEEDED
    assert len(way.ears.heard) == way.download.runs == 1


async def test_a_lane_that_fails_for_good_ends_the_other_at_once(way: Way) -> None:
    way.download.error = PermanentError("The video is private.")

    job = await way.run(lambda: way.ears.heard == [GROWING], then=way.download.may_end.set)

    assert (job.status, job.stage, job.error) == (JobStatus.FAILED, Stage.DOWNLOADING, "The video is private.")
    assert way.ears.was_cut_off


async def test_what_cannot_be_decoded_is_tried_once_more_when_all_of_it_is_there(way: Way) -> None:
    way.ears.growing_error = way.ears.error = PermanentError("The sound of this file cannot be decoded.")
    way.ears.may_end.set()

    job = await way.run(lambda: way.ears.heard == [GROWING], then=way.download.may_end.set)

    assert way.ears.heard == [GROWING, "audio.m4a"]
    assert (job.status, job.stage) == (JobStatus.FAILED, Stage.TRANSCRIBING)


async def test_a_storage_that_refuses_for_good_does_not_keep_the_words_from_being_heard(way: Way) -> None:
    way.storage.error = PermanentError("Google Drive refused the request.")
    way.download.may_end.set()

    job = await way.run(lambda: way.ears.heard == [GROWING], then=way.ears.may_end.set)

    assert (job.status, job.stage) == (JobStatus.FAILED, Stage.UPLOADING)
    assert job.artifacts.transcript == a_transcript()


async def test_a_cancelled_run_shows_no_stage_that_it_did_not_reach(way: Way) -> None:
    way.ears.growing_error = NotYetReadableError("the index is at the end of the file")
    running = asyncio.create_task(way.run())
    while not way.ears.heard:
        await asyncio.sleep(0.001)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert way.shown == [Stage.DOWNLOADING]
