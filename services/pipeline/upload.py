"""Video, audio and transcript into one folder of the storage."""

from dataclasses import dataclass, replace
from datetime import tzinfo
from pathlib import Path

import aiofiles

from services.clients.checksum import sha256_of
from services.clients.disk import named_full_disk
from services.clients.files import closed_at_the_end
from services.clients.names import portable_name
from services.clients.storage import Storage
from services.errors import TransientError
from services.jobs.job import Artifacts, Job, Stage, StoredFiles, StoredMedia
from services.media import Progress, StoredFile, Transcript
from services.pipeline.download import is_on_disk
from services.pipeline.page import publication_day, transcript_file
from services.pipeline.stage import need

_NAMES = {"video": "video", "audio": "audio", "text": "transcript", "srt": "transcript"}
"""A file's name in the storage, by its role; the ending is its own."""


_REMOVED = "The video's folder was removed while its files were on their way into it."


@dataclass(frozen=True, slots=True)
class Upload:
    """One folder a video: `YYYY-MM-DD - title`. The media may go there before there is a transcript.

    What is stored is done: whoever removes it later meant to, and may ask for the video anew.
    """

    storage: Storage
    zone: tzinfo
    name = Stage.UPLOADING

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.stored is not None

    async def store_media(self, job: Job, progress: Progress) -> Artifacts:
        """Return the artifacts with what is stored of video and sound."""
        media = need(job.artifacts.media, "media")
        files = {role: file.path for role, file in (("video", media.video), ("audio", media.audio)) if file}
        folder = await self.storage.ensure_folder(
            self._folder_name(job), owner=job.id, role="folder", parent=job.route.drive_folder
        )
        stored = await self._store(files, folder, job.id, progress)
        return replace(job.artifacts, stored_media=StoredMedia(folder, **stored))

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        texts = await _write_transcript(job, need(job.artifacts.transcript, "transcript"), workdir)
        there = job.artifacts.stored_media
        if there is None or not await self.storage.is_there(there.folder):
            if not is_on_disk(job.artifacts.media):
                raise TransientError(_REMOVED)
            there = need((await self.store_media(job, progress)).stored_media, "stored media")
        stored = await self._store(texts, there.folder, job.id, lambda _: None)
        if not await self.storage.is_there(there.folder):
            raise TransientError(_REMOVED)
        files = StoredFiles(folder=there.folder, video=there.video, audio=there.audio, **stored)
        return replace(job.artifacts, stored_media=there, stored=files)

    def _folder_name(self, job: Job) -> str:
        metadata = need(job.artifacts.metadata, "metadata")
        return portable_name(f"{publication_day(job, metadata, self.zone).isoformat()} - {metadata.title}")

    async def _store(
        self, files: dict[str, Path], folder: StoredFile, owner: str, progress: Progress
    ) -> dict[str, StoredFile]:
        sizes = {role: path.stat().st_size for role, path in files.items()}
        total = sum(sizes.values()) or 1
        stored: dict[str, StoredFile] = {}
        before = 0
        for role, path in files.items():

            def share(fraction: float, start: int = before, size: int = sizes[role]) -> None:
                progress((start + fraction * size) / total)

            file = await self.storage.upload(
                path, f"{_NAMES[role]}{path.suffix}", folder=folder.id, owner=owner, role=role, progress=share
            )
            stored[role] = replace(file, sha256=await sha256_of(path))
            before += sizes[role]
        return stored


async def _write_transcript(job: Job, transcript: Transcript, workdir: Path) -> dict[str, Path]:
    contents = {
        "text": (workdir / "transcript.txt", transcript_file(job, transcript)),
        "srt": (workdir / "transcript.srt", transcript.srt),
    }
    for path, text in contents.values():
        with named_full_disk():
            async with closed_at_the_end(aiofiles.open(path, "w", encoding="utf-8")) as file:
                await file.write(text)
    return {role: path for role, (path, _) in contents.items()}
