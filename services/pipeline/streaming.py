"""Download, transcription and upload of one video at once: none waits for what it does not need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from services.clients.whisper import MovedError, NotYetReadableError
from services.errors import AuditscribeError, OperatorError, PermanentError, TransientError
from services.jobs.job import Artifacts, Job, Stage
from services.media import Heard, Progress
from services.pipeline.arrival import Arrival, NothingCameError
from services.pipeline.course import Course
from services.pipeline.transcribe import Transcribe
from services.pipeline.upload import Upload


class Download(Protocol):
    """The whole video onto this disk; `arrival` is told of its sound as soon as that can be read."""

    def is_done(self, artifacts: Artifacts) -> bool:
        """Ask the world whether the media are there, or no longer needed."""

    async def run(self, job: Job, workdir: Path, progress: Progress, arrival: Arrival) -> Artifacts:
        """Return the artifacts with the media."""


@dataclass(frozen=True, slots=True)
class Streaming:
    """Two lanes: the media come down and go up, the words are heard while the sound arrives.

    The status follows the words. Where the sound cannot be read as it comes, they wait for the whole file: fallback
    mode. When one lane fails, the other goes on to its end if that may be of use, so that nothing is lost.
    """

    download: Download
    transcribe: Transcribe
    upload: Upload

    def is_done(self, artifacts: Artifacts) -> bool:
        return self.upload.is_done(artifacts)

    async def take(self, course: Course, workdir: Path) -> None:
        """Go through all three stages.

        Raises:
            AuditscribeError: why one lane failed; where both did, the media's.
        """
        arrival = Arrival()
        if not self.download.is_done(course.job.artifacts):
            await course.enter(Stage.DOWNLOADING)
        tries = course.job.attempts
        media = asyncio.create_task(self._bring_media(course, workdir, arrival))
        words = asyncio.create_task(self._find_words(course, arrival))
        try:
            await asyncio.wait({media, words}, return_when=asyncio.FIRST_EXCEPTION)
            if _other_goes_on(media, words, arrival):
                await asyncio.wait({media, words})
        finally:
            for lane in (media, words):
                lane.cancel()
            await asyncio.gather(media, words, return_exceptions=True)
            failed = sorted(filter(_has_failed, (media, words)), key=_may_be_tried_again)
            if arrival.has_failed and failed[:1] != [words]:
                course.back_in(Stage.DOWNLOADING, tries)
        if failed:
            failed[0].result()
        await course.do(Stage.UPLOADING, lambda job, progress: self.upload.run(job, workdir, progress), measured=False)

    async def _bring_media(self, course: Course, workdir: Path, arrival: Arrival) -> None:
        try:
            if not self.download.is_done(course.job.artifacts):
                await course.do(
                    Stage.DOWNLOADING, lambda job, progress: self.download.run(job, workdir, progress, arrival)
                )
        except BaseException:  # whatever it is goes on; whoever waits for the sound must not wait for ever
            arrival.end(well=False)
            raise
        arrival.end(well=True)
        if course.job.artifacts.stored_media is None:
            await course.do(Stage.UPLOADING, self.upload.store_media, ends=False)

    async def _find_words(self, course: Course, arrival: Arrival) -> None:
        if not self.transcribe.is_done(course.job.artifacts):
            begun = asyncio.Event()

            async def hear(job: Job, progress: Progress) -> Artifacts:
                def heard(until_s: float) -> None:
                    begun.set()
                    metadata = course.job.artifacts.metadata  # an attachment's duration is known when it is there
                    duration_s = metadata.duration_s if metadata else None
                    progress(min(until_s / duration_s, 1.0) if duration_s else 0.0)

                async with _transcribing_from(begun, course):
                    return await self._hear(job, course, arrival, heard)

            await course.do(Stage.TRANSCRIBING, hear)
        if not arrival.has_failed:
            await course.enter(Stage.UPLOADING)

    async def _hear(self, job: Job, course: Course, arrival: Arrival, heard: Heard) -> Artifacts:
        """Return the artifacts with the transcript: of the sound as it comes, or else of the whole file."""
        moved, why = None, "it was downloaded before"
        while sound := await arrival.sound(other_than=moved):
            try:
                return await self.transcribe.arriving(job, sound, arrival.sound_is_whole, heard)
            except MovedError:
                moved = sound
            except (NotYetReadableError, PermanentError) as error:
                why = str(error)
                break
        await arrival.whole()
        made = await self.transcribe.run(course.job, heard)
        return replace(made, mode=f"fallback: {why}")


@asynccontextmanager
async def _transcribing_from(begun: asyncio.Event, course: Course) -> AsyncIterator[None]:
    """Show the stage once there is something to hear, or at the end of the block."""

    async def enter() -> None:
        await begun.wait()
        await course.enter(Stage.TRANSCRIBING)

    entering = asyncio.create_task(enter())
    try:
        try:
            yield
        except AuditscribeError:
            begun.set()
            await entering
            raise
        begun.set()
        await entering
    finally:
        entering.cancel()
        await asyncio.gather(entering, return_exceptions=True)


def _other_goes_on(media: asyncio.Task[None], words: asyncio.Task[None], arrival: Arrival) -> bool:
    """Whether what the lane does that is still under way, if any, may be of use."""
    if arrival.has_failed:
        return arrival.sound_is_whole.is_set() and _may_be_tried_again(media)
    return not words.done() or _may_be_tried_again(words)


def _may_be_tried_again(lane: asyncio.Task[None]) -> bool:
    """Whether a lane that has ended did so well, or for a reason that passes or can be mended."""
    return lane.exception() is None or isinstance(lane.exception(), (TransientError, OperatorError))


def _has_failed(lane: asyncio.Task[None]) -> bool:
    """Whether a lane has ended for a reason of its own."""
    return not lane.cancelled() and lane.exception() is not None and not isinstance(lane.exception(), NothingCameError)
