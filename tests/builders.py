"""Objects for tests, real ones, with every detail that a test does not care about filled in."""

from dataclasses import replace
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

from config.notion_config import AUDIT_PROCESS, ChannelRoute
from services.jobs.job import Artifacts, Job, Origin, StoredFiles
from services.jobs.source import SourceKind, VideoSource
from services.media import Media, MediaFile, Metadata, Segment, StoredFile, Transcript

NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
ROUTE = replace(AUDIT_PROCESS, database="0" * 32)
YOUTUBE = VideoSource(SourceKind.YOUTUBE, "dQw4w9WgXcQ", "https://www.youtube.com/watch?v=dQw4w9WgXcQ")
ATTACHMENT = VideoSource(SourceKind.DISCORD, "777", filename="stand-up.mp4")


def an_origin(**changes: Any) -> Origin:
    return replace(
        Origin(
            guild_id=1,
            guild_name="Acme",
            channel_id=2,
            channel_name="audit-process",
            message_id=3,
            message_url="https://discord.com/channels/1/2/3",
            author_id=4,
            author_name="Ada",
            content="please audit",
            posted_at=NOON,
        ),
        **changes,
    )


def a_job(
    source: VideoSource = YOUTUBE, route: ChannelRoute = ROUTE, origin: Origin | None = None, **changes: Any
) -> Job:
    return replace(Job.requested(source, route, origin or an_origin(), NOON), **changes)


def job_of(message: dict[str, Any], source: VideoSource = YOUTUBE, **changes: Any) -> Job:
    """Return the job of a video in a message of the sandbox's Discord."""
    origin = an_origin(message_id=int(message["id"]), channel_id=int(message["channel_id"]))
    return a_job(source, origin=origin, **changes)


def a_metadata(**changes: Any) -> Metadata:
    return replace(
        Metadata(
            title="Ask not",
            url="https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            uploader="Library, The",
            published_on=date(1961, 1, 20),
            duration_s=90.0,
            listing="Public",
        ),
        **changes,
    )


def a_transcript(*texts: str) -> Transcript:
    segments = tuple(Segment(float(i), i + 1.0, text) for i, text in enumerate(texts or ("Ask not.",)))
    return Transcript(segments, "en", "tiny.en")


def some_media(folder: Path) -> Media:
    """Return a video and a sound file that are really there."""
    files = []
    for name in ("video.mp4", "audio.m4a"):
        (folder / name).write_bytes(name.encode())
        files.append(MediaFile(folder / name, len(name)))
    return Media(files[0], files[1], 90.0)


def stored_files() -> StoredFiles:
    return StoredFiles(
        **{
            role: StoredFile(role, name, f"https://drive.google.com/{role}")
            for role, name in {
                "folder": "1961-01-20 - Ask not",
                "text": "transcript.txt",
                "srt": "transcript.srt",
                "video": "video.mp4",
                "audio": "audio.m4a",
            }.items()
        }
    )


def finished_artifacts(folder: Path) -> Artifacts:
    return Artifacts(a_metadata(), some_media(folder), a_transcript(), stored_files())


class FakeNotes(dict[str, str]):
    """What `services.clients.drive_upload.Notes` asks of the ledger."""

    async def find_note(self, name: str) -> str | None:
        return self.get(name)

    async def keep_note(self, name: str, text: str) -> None:
        self[name] = text

    async def drop_note(self, name: str) -> None:
        self.pop(name, None)
