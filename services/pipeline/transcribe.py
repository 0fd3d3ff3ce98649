"""Speech to text."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from services.clients.whisper import WhisperTranscriber
from services.jobs.job import Artifacts, Job, Stage
from services.media import Progress, Transcript
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

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        media = need(job.artifacts.media, "media")
        if media.audio is None:
            return replace(job.artifacts, transcript=Transcript((), language=None, model=None))
        transcript = await self.transcriber.transcribe(
            media.audio.path, language=self._language(job), duration_s=media.duration_s, progress=progress
        )
        return replace(job.artifacts, transcript=transcript)

    async def arriving(self, job: Job, sound: Path, whole: asyncio.Event, progress: Progress) -> Artifacts:
        """The same for a file whose sound is still coming, until `whole` is set.

        Raises:
            NotYetReadableError: it can only be read when it is whole.
        """
        metadata = need(job.artifacts.metadata, "metadata")
        transcript = await self.transcriber.transcribe(
            sound, language=self._language(job), duration_s=metadata.duration_s, progress=progress, whole=whole
        )
        return replace(job.artifacts, transcript=transcript, mode="streaming")

    def _language(self, job: Job) -> str | None:
        return job.route.language or self.language
