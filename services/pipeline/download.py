"""The whole file onto this disk, and its sound out of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from services.clients.web import WebFiles
from services.clients.ytdlp import YtDlp
from services.jobs.job import Artifacts, Job, Stage
from services.media import Media, Progress
from services.pipeline.probe import ResolveAttachment
from services.pipeline.stage import need

TakeApart = Callable[[Path, Path], Awaitable[Media]]
"""Given a file and a folder for what is made of it."""


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """From a site, through yt-dlp."""

    ytdlp: YtDlp
    take_apart: TakeApart
    name = Stage.DOWNLOADING

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.stored is not None or is_on_disk(artifacts.media)

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        file = await self.ytdlp.download(need(job.source.url, "link"), workdir, progress)
        return holding_media(job.artifacts, await self.take_apart(file, workdir))


@dataclass(frozen=True, slots=True)
class DownloadAttachment:
    """From Discord, whose urls expire: a fresh one for each try."""

    resolve: ResolveAttachment
    files: WebFiles
    take_apart: TakeApart
    max_bytes: int
    name = Stage.DOWNLOADING

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.stored is not None or is_on_disk(artifacts.media)

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        file = workdir / f"video{PurePath(job.source.label).suffix.lower()[:10]}"
        url = await self.resolve(job.origin, int(job.source.video_id))
        await self.files.fetch_file(url, file, max_bytes=self.max_bytes, progress=progress)
        return holding_media(job.artifacts, await self.take_apart(file, workdir))


def is_on_disk(media: Media | None) -> bool:
    """Whether a download's files are there, whole."""
    if media is None:
        return False
    files = [file for file in (media.video, media.audio) if file]
    return all(file.path.is_file() and file.path.stat().st_size == file.size for file in files)


def holding_media(artifacts: Artifacts, media: Media) -> Artifacts:
    """Keep the media, and the duration that the file itself tells."""
    metadata = need(artifacts.metadata, "metadata")
    return replace(artifacts, media=media, metadata=replace(metadata, duration_s=media.duration_s))
