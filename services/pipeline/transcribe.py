"""Speech to text."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from services.clients.whisper import WhisperTranscriber
from services.jobs.job import Artifacts, Job, Stage
from services.media import Heard, Transcript
from services.pipeline.stage import need


@dataclass(frozen=True, slots=True)
class Transcribe:
    """No sound or no speech is no error: the transcript is empty then."""

    transcriber: WhisperTranscriber
    language: str | None
    """The settings' language, for routes that name none; None: detect it."""
    name = Stage.TRANSCRIBING

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.transcript is not None

    async def run(self, job: Job, heard: Heard) -> Artifacts:
        """Return the artifacts with the transcript of the job's media."""
        media = need(job.artifacts.media, "media")
        if media.audio is None:
            return replace(job.artifacts, transcript=Transcript((), language=None, model=None))
        transcript = await self.transcriber.transcribe(media.audio.path, language=self._language(job), heard=heard)
        return replace(job.artifacts, transcript=transcript)

    async def arriving(self, job: Job, sound: Path, whole: asyncio.Event, heard: Heard) -> Artifacts:
        """The same for a file whose sound is still coming, until `whole` is set.

        Raises:
            NotYetReadableError: it can only be read when it is whole.
        """
        transcript = await self.transcriber.transcribe(sound, language=self._language(job), heard=heard, whole=whole)
        return replace(job.artifacts, transcript=transcript, mode="streaming")

    def _language(self, job: Job) -> str | None:
        return job.route.language or self.language
