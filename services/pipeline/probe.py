"""What is known of a video before its bytes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from services.clients.ytdlp import YtDlp
from services.jobs.job import Artifacts, Job, Origin, Stage
from services.jobs.source import VideoSource
from services.media import Metadata, Progress
from services.pipeline.stage import need

ResolveAttachment = Callable[[Origin, int], Awaitable[str]]
"""Fetches the message of an attachment's id again and returns a fresh url, since the old one expires."""


@dataclass(frozen=True, slots=True)
class ProbeLink:
    """Ask the site, through yt-dlp."""

    ytdlp: YtDlp
    name = Stage.PROCESSING

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.metadata is not None

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        return replace(job.artifacts, metadata=await self.ytdlp.probe(need(job.source.url, "link")))


@dataclass(frozen=True, slots=True)
class ProbeAttachment:
    """Look at the message: the file must still be there; its name is the title."""

    resolve: ResolveAttachment
    name = Stage.PROCESSING

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.metadata is not None

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        await self.resolve(job.origin, int(job.source.video_id))
        return replace(job.artifacts, metadata=attachment_metadata(job.source, job.origin))


def attachment_metadata(source: VideoSource, origin: Origin) -> Metadata:
    """Return what a message says of its file; the message's link stands for the file's, which expires."""
    return Metadata(
        title=PurePath(source.label).stem or source.label,
        url=origin.message_url,
        uploader=origin.author_name,
        published_at=origin.posted_at,
        expected_bytes=source.size,
    )
