"""PURE: what a page shows below its properties: the audit record, and the transcript with clickable timestamps."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from urllib.parse import urlsplit, urlunsplit

from services.clients.notion_blocks import Toggle
from services.clients.notion_properties import Json, rich_text
from services.jobs.job import Job, StageRun
from services.jobs.source import SourceKind
from services.media import Segment, Transcript

_ARRAY = 100
"""Text objects of one paragraph (Notion: request limits)."""
_STAMP_EVERY_S = 15.0
"""At the least: two hours of speech have 480 timestamps, which ten paragraphs can hold."""


def audit_record(job: Job, zone: tzinfo | None) -> Toggle:
    """Return the short account of how a job went, whatever its end; the last one of a go stands for it."""
    lines = [
        _posted(job, zone),
        _source(job),
        *(_run(run, zone) for run in job.stage_runs),
        *_speech(job),
        *_files(job),
    ]
    if job.artifacts.first_page_url:
        lines.append(
            [*rich_text("This video was posted before: "), *rich_text("its page", job.artifacts.first_page_url)]
        )
    lines += [rich_text(remark) for remark in job.artifacts.remarks]
    if job.error:
        lines.append(rich_text(f"{job.status.capitalize()}: {job.error}"))
    texts = [text for line in lines for text in (*line, *rich_text("\n"))]
    end = job.status if job.has_ended else "complete"
    key = f"{key_of(job)}.{len(job.stage_runs)} {end}"
    return Toggle("Audit record", key, tuple(_paragraphs([texts])), replaces=key_of(job))


def transcript_toggle(job: Job, transcript: Transcript) -> Toggle:
    """Return the words with a timestamp every quarter of a minute, which leads to that second of the video."""
    passages = [
        [*rich_text(_clock(passage.start), link), *rich_text(f" {passage.text}\n")]
        for passage in passages_of(transcript.segments)
        for link in [link_to(job, passage.start)]
    ]
    return Toggle("Transcript", key_of(job), tuple(_paragraphs(passages)), replaces=job.id)


def passages_of(segments: Iterable[Segment]) -> Iterator[Segment]:
    """Yield the segments joined, so that none begins less than a quarter of a minute after the one before."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and segment.start - joined[0].start >= _STAMP_EVERY_S:
            yield _joined(joined)
            joined = []
        joined.append(segment)
    if joined:
        yield _joined(joined)


def link_to(job: Job, second: float) -> str | None:
    """Return the address of a second of the video: at YouTube, else in Drive; None where it has no address."""
    stored = job.artifacts.stored
    file = stored and (stored.video or stored.audio)
    url = job.source.url if job.source.kind is SourceKind.YOUTUBE else file and file.url
    if not url or not url.startswith(("http://", "https://")):
        return None
    parts = urlsplit(url)
    query = "&".join(filter(None, [parts.query, f"t={int(second)}s"]))
    return urlunsplit(parts._replace(query=query))


def key_of(job: Job) -> str:
    """Return what tells this go at a job from others: it may be retried, and done anew."""
    return f"{job.id} {job.in_line_since:%Y%m%d%H%M%S}"


def _posted(job: Job, zone: tzinfo | None) -> list[Json]:
    origin = job.origin
    moment = f"{origin.posted_at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
    return rich_text(f"Posted by {origin.author_name} in #{origin.channel_name}, {moment}", origin.message_url)


def _source(job: Job) -> list[Json]:
    return rich_text(f"Source: {job.source.key}")


def _run(run: StageRun, zone: tzinfo | None) -> list[Json]:
    began = f"{run.stage}: {run.started_at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
    if run.ended_at is None:
        return rich_text(began)
    seconds = (run.ended_at - run.started_at).total_seconds()
    ended = f"{began} - {run.ended_at.astimezone(zone):%H:%M:%S} ({seconds:.1f} s)"
    return rich_text(f"{ended}: {run.error}" if run.error else ended)


def _speech(job: Job) -> Iterator[list[Json]]:
    transcript = job.artifacts.transcript
    if transcript and transcript.model:
        settings = f" ({transcript.settings})" if transcript.settings else ""
        yield rich_text(f"Speech: model {transcript.model}{settings}, language {transcript.language or 'none'}")
    if job.artifacts.mode:
        yield rich_text(f"Mode: {job.artifacts.mode}")


def _files(job: Job) -> Iterator[list[Json]]:
    stored = job.artifacts.stored
    if stored is None:
        return
    yield rich_text(f"Folder: {stored.folder.id}")
    for file in (stored.video, stored.audio, stored.text, stored.srt):
        if file:
            yield rich_text(f"{file.name}: {file.id}, sha256 {file.sha256 or 'unknown'}")


def _paragraphs(groups: Iterable[list[Json]]) -> Iterator[list[Json]]:
    """Yield the text objects packed into as few paragraphs as will do, a group in one where it fits."""
    paragraph: list[Json] = []
    for group in groups:
        if paragraph and len(paragraph) + len(group) > _ARRAY:
            yield paragraph
            paragraph = []
        paragraph += group
        while len(paragraph) > _ARRAY:
            yield paragraph[:_ARRAY]
            paragraph = paragraph[_ARRAY:]
    if paragraph:
        yield paragraph


def _joined(segments: list[Segment]) -> Segment:
    return Segment(segments[0].start, segments[-1].end, " ".join(segment.text.strip() for segment in segments))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
