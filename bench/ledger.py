"""A ledger as it looks after months of work: thousands of jobs over several channels, most of them ended."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import sqlalchemy as sa

from config.notion_config import ChannelRoute, default_routes
from sandbox.worlds import Worlds
from services.jobs.job import Artifacts, Job, Origin, Stage, StoredFiles
from services.jobs.source import SourceKind, VideoSource
from services.media import Media, MediaFile, Metadata, Segment, StoredFile, Transcript
from services.schema import jobs, notes, reports, row_of
from services.store import open_store

CHANNELS = ("audit-process", "market-outlook", "market-analysis-streams", "education")
LEDGER_FILE = "bench.db"
NO_MESSAGE = "0"
_LONG = 100
"""One in so many jobs holds a transcript, that of an hour: it is read for the story of a job alone."""

_AGE = timedelta(days=200)
_CLIP = "sonnet.mp4"
_CLIP_BYTES_PER_SECOND = 500
"""So slow that what is being downloaded stays so."""
_THEMES = ("Weekly outlook", "Stand-up", "Customer talk", "Audit of the pump station", "Lecture", "Earnings call")
_REPORTS = ("reaction", "reply", "page")
_SEGMENTS = 900


class Past:
    """Makes jobs as a bot of these worlds would have recorded them."""

    def __init__(self, worlds: Worlds) -> None:
        self._discord = worlds.discord
        self._site = worlds.site
        self._site.slow[f"/clips/{_CLIP}"] = _CLIP_BYTES_PER_SECOND
        self._routes = _routes(worlds)
        there = {channel["name"].rpartition("・")[2] for channel in worlds.discord.store.channels.values()}
        for channel in CHANNELS:
            if channel not in there:
                worlds.discord.add_channel(channel)

    def ended(self, count: int) -> Iterator[Job]:
        """Yield jobs of the last months, the oldest first; one in ten came to no good end."""
        now = datetime.now(timezone.utc)
        for number in range(count):
            video = f"bench{number:06}"
            source = VideoSource(SourceKind.YOUTUBE, video, f"https://www.youtube.com/watch?v={video}")
            at = now - _AGE * (count - number) / count
            yield _done(self._requested(number, source, self._discord.store.new_id(), at, _channel(number)), number)

    def on_their_way(self, *, running: int, in_line: int, postponed: int) -> Iterator[Job]:
        """Yield jobs of messages that are really there; the first ones run once as many workers take them."""
        for number in range(running + in_line + postponed):
            link = f"{self._site.clip_url(_CLIP)}?number={number}"
            message = self._discord.post(_channel(number), link)
            now = datetime.now(timezone.utc)
            source = VideoSource(SourceKind.WEB, link, link)
            job = self._requested(number, source, message["id"], now, _channel(number))
            if number >= running + in_line:
                tried = job.entering(Stage.PROCESSING, now)
                job = tried.postponed("The site is busy at the moment.", now, now + timedelta(days=1))
            yield job

    def from_flows(self, count: int, channel: str) -> Iterator[Job]:
        """Yield jobs that wait for a worker, the oldest first, as the webhook takes them: they have no messages."""
        now = datetime.now(timezone.utc)
        for number in range(count):
            link = f"{self._site.clip_url(_CLIP)}?number={number}"
            at = now - timedelta(seconds=count - number)
            job = self._requested(number, VideoSource(SourceKind.WEB, link, link), NO_MESSAGE, at, channel)
            yield Job.requested(job.source, job.route, job.origin, at, page_id=str(UUID(int=number)))

    def _requested(self, number: int, source: VideoSource, message_id: str, at: datetime, channel: str) -> Job:
        guild_id, channel_id = self._discord.guild_id, self._discord.channel_id(channel)
        origin = Origin(
            guild_id=int(guild_id),
            guild_name="Audit Hall",
            channel_id=int(channel_id),
            channel_name=channel,
            message_id=int(message_id),
            message_url=f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}",
            author_id=int(self._discord.poster["id"]),
            author_name=self._discord.poster["global_name"],
            content=f"Please audit number {number}: it is about the second half, and what was said there.",
            posted_at=at,
        )
        return Job.requested(source, self._routes[channel], origin, at)


async def fill(folder: Path, ledger: Iterable[Job], url: str | None = None) -> str:
    """Write jobs into a new ledger, in `folder` if it has no other `url`; what has ended was reported everywhere.

    Returns the ledger's url.
    """
    url = url or f"sqlite+aiosqlite:///{folder / LEDGER_FILE}"
    store = await open_store(url)
    held = list(ledger)
    reported = [{"job_id": job.id, "name": name, "text": ""} for job in held if job.has_ended for name in _REPORTS]
    engine = sa.create_engine(url.replace("+aiosqlite", ""))
    with engine.begin() as connection:
        connection.execute(jobs.insert(), [row_of(job) for job in held])
        if reported:
            connection.execute(reports.insert(), reported)
            connection.execute(notes.insert(), [{"name": f"card {job.id}", "text": "1"} for job in held])
    engine.dispose()
    for job in held:
        if job.artifacts.transcript:
            await store.save(job)
    await store.aclose()
    return url


def _routes(worlds: Worlds) -> dict[str, ChannelRoute]:
    routes = default_routes(
        discord_message_db=worlds.audit_database,
        videos_db=worlds.videos_database,
        drive_uploads_db=worlds.uploads_database,
        drive_folders={},
    )
    return {route.channel: route for route in routes.routes}


def _channel(number: int) -> str:
    return CHANNELS[number % len(CHANNELS)]


def _done(job: Job, number: int) -> Job:
    at = job.created_at
    for stage in (Stage.PROCESSING, Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING):
        job = job.entering(stage, at)
        at += timedelta(seconds=40)
        if number % 10 == 0 and stage is Stage.TRANSCRIBING:
            return job.failed("The speech recogniser failed: the operator must look into the log.", at)
        job = replace(job.ending(stage, at), artifacts=_made_by(stage, job, number))
    return job.succeeded(at)


def _made_by(stage: Stage, job: Job, number: int) -> Artifacts:
    match stage:
        case Stage.PROCESSING:
            title = f"{_THEMES[number % len(_THEMES)]}, part {number}"
            metadata = Metadata(title, job.source.label, "The Bench Channel", duration_s=3600, listing="Public")
            return replace(job.artifacts, metadata=metadata)
        case Stage.DOWNLOADING:
            work = Path("/srv/auditscribe/work") / job.id
            video, audio = MediaFile(work / "video.mp4", 300_000_000), MediaFile(work / "audio.m4a", 30_000_000)
            return replace(job.artifacts, media=Media(video, audio, 3600))
        case Stage.TRANSCRIBING if number % _LONG == 1:
            text = "and that is what we have looked at in the second half of the year"
            segments = tuple(Segment(4.0 * at, 4.0 * at + 4, text) for at in range(_SEGMENTS))
            return replace(job.artifacts, transcript=Transcript(segments, "en", "tiny.en"))
        case Stage.UPLOADING:
            names = ("folder", "text", "srt", "video", "audio")
            stored = StoredFiles(**{name: _stored(job, name) for name in names})
            return replace(job.artifacts, stored=stored, page_url=f"https://www.notion.so/{job.origin.message_id}")
    return job.artifacts


def _stored(job: Job, name: str) -> StoredFile:
    return StoredFile(f"{job.id}-{name}", name, f"https://drive.google.com/file/d/{job.id}-{name}/view", 1, "0" * 32)
