"""The whole file onto this disk, and its sound out of it."""

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from services.clients.disk import too_little_room
from services.clients.web import WebFiles
from services.clients.ytdlp import YtDlp
from services.errors import PermanentError
from services.jobs.job import Artifacts, Job, Stage
from services.media import Media, Progress
from services.pipeline.arrival import Arrival
from services.pipeline.probe import ResolveAttachment
from services.pipeline.stage import need

TakeApart = Callable[[Path, Path], Awaitable[Media]]
"""Given a file and a folder for what is made of it."""

_SPARE_BYTES = 256 * 2**20
"""What a download leaves free, for the ledger, transcripts, and whatever else lives on the disk."""

_LEAST_SHARE = 0.8
"""Of the duration that a site tells: less is worth a remark."""


def free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class DownloadLink:
    """From a site, through yt-dlp."""

    ytdlp: YtDlp
    take_apart: TakeApart
    max_duration_s: float
    free_bytes: Callable[[Path], int] = free_bytes
    name = Stage.DOWNLOADING

    def is_done(self, artifacts: Artifacts) -> bool:
        return is_downloaded(artifacts)

    async def run(self, job: Job, workdir: Path, progress: Progress, arrival: Arrival) -> Artifacts:
        file = find_whole(workdir)
        if file is None:
            require_room(job.artifacts, workdir, self.free_bytes(workdir))
            file = await self.ytdlp.download(need(job.source.url, "link"), workdir, progress, arrival.sound_in)
        return holding_media(job.artifacts, await self.take_apart(file, workdir), self.max_duration_s)


@dataclass(frozen=True, slots=True)
class DownloadAttachment:
    """From Discord, whose urls expire: a fresh one for each try."""

    resolve: ResolveAttachment
    files: WebFiles
    take_apart: TakeApart
    max_bytes: int
    max_duration_s: float
    free_bytes: Callable[[Path], int] = free_bytes
    name = Stage.DOWNLOADING

    def is_done(self, artifacts: Artifacts) -> bool:
        return is_downloaded(artifacts)

    async def run(self, job: Job, workdir: Path, progress: Progress, arrival: Arrival) -> Artifacts:
        file = find_whole(workdir)
        if file is None:
            require_room(job.artifacts, workdir, self.free_bytes(workdir))
            file = workdir / f"video{PurePath(job.source.label).suffix.lower()[:10]}"
            url = await self.resolve(job.origin, int(job.source.video_id))
            await self.files.fetch_file(
                url, file, max_bytes=self.max_bytes, progress=progress, sound_in=arrival.sound_in
            )
        return holding_media(job.artifacts, await self.take_apart(file, workdir), self.max_duration_s)


def find_whole(workdir: Path) -> Path | None:
    """Return the file of a download that was finished, but perhaps not recorded.

    Both clients give it the name `video.<ext>` when it is whole; until then it is `video.<ext>.part` or
    `video.<format>.<ext>`.
    """
    whole = (file for file in workdir.glob("video*") if file.stem == "video" and file.suffix != ".part")
    return next(whole, None)


def require_room(artifacts: Artifacts, workdir: Path, free: int) -> None:
    """Raise OperatorError if the download would not fit into `free` bytes.

    It takes up to twice its size: picture and sound come apart and lie beside what they are merged into, and later its
    sound lies beside the file. What has come already counts. Where the size is not known, it is taken for small.
    """
    expected = need(artifacts.metadata, "metadata").expected_bytes or 0
    present = sum(file.stat().st_size for file in workdir.iterdir())
    needed = max(2 * expected - present, 0) + _SPARE_BYTES
    if free < needed:
        raise too_little_room(needed, free)


def is_downloaded(artifacts: Artifacts) -> bool:
    """Whether the media are there, or no longer needed: they are heard, and stored."""
    is_used_up = artifacts.transcript is not None and artifacts.stored_media is not None
    return is_used_up or artifacts.stored is not None or is_on_disk(artifacts.media)


def is_on_disk(media: Media | None) -> bool:
    """Whether a download's files are there, whole."""
    if media is None:
        return False
    files = [file for file in (media.video, media.audio) if file]
    return all(file.path.is_file() and file.path.stat().st_size == file.size for file in files)


def holding_media(artifacts: Artifacts, media: Media, max_duration_s: float) -> Artifacts:
    """Keep the media, and the duration that the file itself tells; PermanentError where that is too long.

    Where it is much less than the site has told, that is remarked: its server has cut the file short.
    """
    if media.duration_s > max_duration_s:
        raise PermanentError(f"The video is over the limit of {max_duration_s / 3600:.3g} h.")
    metadata = need(artifacts.metadata, "metadata")
    artifacts = replace(artifacts, media=media, metadata=replace(metadata, duration_s=media.duration_s))
    promised_s = metadata.duration_s or 0
    if media.duration_s >= _LEAST_SHARE * promised_s:
        return artifacts
    remark = f"The file has only {media.duration_s:.0f} of the {promised_s:.0f} seconds that the site tells of."
    return replace(artifacts, remarks=tuple(dict.fromkeys((*artifacts.remarks, remark))))
