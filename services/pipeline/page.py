"""PURE: from a job to the values of its page in Notion, and to the columns that a database really has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from services.clients.notion import DataSource
from services.clients.notion_properties import FileLink, Json, Value, encode
from services.jobs.eta import Forecast
from services.jobs.job import Job, Stage, StageRun, StoredFiles
from services.jobs.source import SourceKind
from services.media import Metadata, Transcript
from services.words import utf16_cut

_TEXT = 2000
"""UTF-16 units of the transcript that fit into its column; the whole is in the files."""

REPEATED_KEYS = frozenset(
    [
        "name",
        "date",
        "video_date_time",
        "video_url",
        "video_link",
        "live_video_url",
        "youtube_channel",
        "youtube_listing_status",
        "drive_folder",
        "drive_folder_link",
        "video_file",
        "audio_file",
        "transcript_file",
        "transcript_srt_file",
        "transcript_text",
        "length_min",
    ]
)
"""What a video's next page says as its first one does."""

Values = dict[str, Value | None]
"""By the keys of `field_map`; None where there is nothing to say."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """Properties for a request, and the columns that the database lacks or has with another type."""

    properties: dict[str, Json]
    left_out: tuple[str, ...]


def planted_id(job: Job) -> str:
    """Return the Video ID by which a page is found again, as it fits into a text column."""
    return utf16_cut(job.source.video_id, _TEXT)


def opening_values(job: Job) -> Values:
    """Return what is known when the message arrives. The status stays empty until work begins."""
    origin = job.origin
    return {
        "name": job.source.label,
        "author": origin.author_name,
        "message_id": str(origin.message_id),
        "message_date": origin.posted_at,
        "server": origin.guild_name,
        "channel": origin.channel_name,
        "content": origin.content,
        "attached_url": job.source.url or origin.message_url,
        "attached_file": _link(job.source.filename, origin.message_url) if job.source.filename else None,
        "message_url": origin.message_url,
        "video_id": planted_id(job),
    }


def final_values(job: Job, metadata: Metadata, transcript: Transcript, stored: StoredFiles, now: datetime) -> Values:
    """Return everything that a finished video's page says, its final status included."""
    published_on = publication_day(job, metadata, now.tzinfo)
    is_link = job.source.kind is not SourceKind.DISCORD
    return {
        "name": job.route.title_format.format(title=metadata.title, date=published_on.isoformat()),
        "date": published_on,
        "video_date_time": metadata.published_at or metadata.published_on or job.origin.posted_at,
        "video_url": metadata.url,
        "video_link": metadata.url,
        "live_video_url": metadata.url,
        "video_id": planted_id(job),
        "youtube_channel": metadata.uploader if is_link else None,
        "youtube_listing_status": metadata.listing,
        "drive_folder": stored.folder.url,
        "drive_folder_link": stored.folder.url,
        "video_file": stored.video.url if stored.video else None,
        "audio_file": stored.audio.url if stored.audio else None,
        "transcript_file": _link(stored.text.name, stored.text.url),
        "transcript_srt_file": _link(stored.srt.name, stored.srt.url),
        "transcript_text": utf16_cut(transcript_text(job, transcript), _TEXT),
        "discord_channel": job.route.channel,
        "status": job.route.final_status,
        "length_min": round(metadata.duration_s / 60, 2) if metadata.duration_s is not None else None,
        "processing_time": round((now - (job.started_at or now)).total_seconds(), 1),
        "process_errors": "",
        **progress_values(job, Forecast(), now),
    }


def progress_values(job: Job, forecast: Forecast, now: datetime) -> Values:
    """Return what people who added columns for it can read of a job on its way."""
    left = forecast.seconds_left
    fraction = 1.0 if job.stage is Stage.COMPLETE else job.progress
    return {
        "progress": "" if fraction is None else round(fraction, 2),
        "stage_timings": utf16_cut("\n".join(_timing(run, now.tzinfo) for run in job.stage_runs), _TEXT),
        "retry_count": len(job.stage_runs) - len({run.stage for run in job.stage_runs}),
        "queue_position": forecast.position or "",
        "eta": "" if left is None else (now + timedelta(seconds=left)).replace(microsecond=0),
    }


def _timing(run: StageRun, zone: tzinfo | None) -> str:
    """Return a try of a stage as `Downloading 12:01:03 - 12:01:20 (17 s)`."""
    began = f"{run.stage} {run.started_at.astimezone(zone):%H:%M:%S}"
    if run.ended_at is None:
        return began
    seconds = (run.ended_at - run.started_at).total_seconds()
    ended = f"{began} - {run.ended_at.astimezone(zone):%H:%M:%S} ({seconds:.0f} s)"
    return f"{ended}: {run.error}" if run.error else ended


def transcript_text(job: Job, transcript: Transcript) -> str:
    """Return the words, or a sentence that says why there are none."""
    if transcript.segments:
        return transcript.text
    if job.artifacts.media and job.artifacts.media.audio is None:
        return "(This video has no sound track.)"
    return "(No speech was found in this video.)"


def transcript_file(job: Job, transcript: Transcript) -> str:
    """Return what the transcript's text file holds, wherever it lies."""
    return f"{transcript_text(job, transcript)}\n"


def publication_day(job: Job, metadata: Metadata, zone: tzinfo | None) -> date:
    """Return the publication date, else the message's, in the time zone of the settings."""
    if metadata.published_at:
        return metadata.published_at.astimezone(zone).date()
    return metadata.published_on or job.origin.posted_at.astimezone(zone).date()


def encoded(values: Values, field_map: Mapping[str, str], table: DataSource) -> Encoded:
    """Return the properties of the values that have a key in `field_map` and a fitting column in the table."""
    properties: dict[str, Json] = {}
    left_out: list[str] = []
    for key, value in values.items():
        if value is None or key not in field_map:
            continue
        column = column_of(key, field_map, table)
        if prop := encode(value, table.columns.get(column, "")):
            properties[column] = prop
        elif column not in table.columns or value != "":
            left_out.append(column)
    return Encoded(properties, tuple(left_out))


def column_of(key: str, field_map: Mapping[str, str], table: DataSource) -> str:
    """Return a key's column; for the name the title column, whatever that is called, unless another key owns it."""
    column = field_map[key]
    if key == "name" and column not in table.columns and table.title_column not in field_map.values():
        return table.title_column
    return column


def _link(name: str, url: str) -> FileLink | None:
    """Notion takes web addresses only: files in a local folder have none."""
    return FileLink(name, url) if url.startswith(("http://", "https://")) else None
