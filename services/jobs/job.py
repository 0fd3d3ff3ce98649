"""A job: one video of one message on its way. Immutable; each transition is a new Job."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum

from config.notion_config import ChannelRoute
from services.jobs.source import VideoSource
from services.media import Media, Metadata, StoredFile, Transcript

Place = tuple[int, datetime, str]
"""In the line: the round, since when in it, the id. Whoever has the least is next."""


class Stage(StrEnum):
    """Where a job is. The values are the options of Notion's select, exactly."""

    PROCESSING = "Processing"
    DOWNLOADING = "Downloading"
    TRANSCRIBING = "Transcribing"
    UPLOADING = "Uploading to Drive"
    COMPLETE = "Complete"
    ERROR = "Error"


class JobStatus(StrEnum):
    """How a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


STOPPED = frozenset({JobStatus.FAILED, JobStatus.CANCELLED})
ENDED = STOPPED | {JobStatus.SUCCEEDED}
ON_THEIR_WAY = frozenset(JobStatus) - ENDED


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a video was posted."""

    guild_id: int
    guild_name: str
    channel_id: int
    channel_name: str
    message_id: int
    message_url: str
    author_id: int
    author_name: str
    content: str
    posted_at: datetime

    @property
    def is_message(self) -> bool:
        """Whether there is a message in Discord; 0 stands for its id where another flow asked for the video."""
        return self.message_id != 0


@dataclass(frozen=True, slots=True)
class StoredMedia:
    """What lies in Drive before there is a transcript, and where. The files are as those of Media."""

    folder: StoredFile
    video: StoredFile | None = None
    audio: StoredFile | None = None


@dataclass(frozen=True, slots=True)
class StoredFiles:
    """What lies in Drive at the end. `video` is None for a sound recording, `audio` where there is no sound."""

    folder: StoredFile
    text: StoredFile
    srt: StoredFile
    video: StoredFile | None = None
    audio: StoredFile | None = None


@dataclass(frozen=True, slots=True)
class Artifacts:
    """What finished stages left."""

    metadata: Metadata | None = None
    media: Media | None = None
    transcript: Transcript | None = None
    stored: StoredFiles | None = None
    page_url: str | None = None
    first_page_url: str | None = None
    """The page of the first post, where this one is a repost of the same video."""
    remarks: tuple[str, ...] = ()
    """What could not be done as usual: a sentence each, for the audit record."""
    stored_media: StoredMedia | None = None
    mode: str | None = None
    """How the sound was read: `streaming`, or `fallback` and why."""

    def with_changes(self, before: "Artifacts", after: "Artifacts") -> "Artifacts":
        """Return these with what differs between two others: what a stage made while another was at work."""
        names = [one.name for one in fields(self)]
        return replace(self, **{n: getattr(after, n) for n in names if getattr(after, n) != getattr(before, n)})


@dataclass(frozen=True, slots=True)
class StageRun:
    """One try of one stage. `ended_at` is None while it runs; `error` is set where it failed."""

    stage: Stage
    started_at: datetime
    ended_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One video of one message, with its own copy of its route."""

    id: str
    source: VideoSource
    route: ChannelRoute
    origin: Origin
    created_at: datetime
    status: JobStatus = JobStatus.QUEUED
    stage: Stage | None = None
    """The stage it is in, or was in last; None until a worker took it."""
    progress: float | None = None
    """The finished fraction of the stage; None where nothing is known."""
    artifacts: Artifacts = field(default_factory=Artifacts)
    stage_runs: tuple[StageRun, ...] = ()
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    """One sentence for people: why it failed, or why it waits."""
    attempts: int = 0
    """Tries of the present stage; those that the operator or a restart ended do not count."""
    not_before: datetime | None = None
    """When a waiting job is tried again."""
    waiting_for: str | None = None
    """The provider (`Notion`, `Google Drive`) at which an operator must mend something first."""
    repost_of: str | None = None
    """The id of the job that does the work, where the same video was posted before in this channel."""
    failed_for_good: bool = False
    """Another try would end the same way, as far as the error tells."""
    queued_at: datetime | None = None
    """When it took its place in line anew, after it had ended."""
    turn: int = 0
    """Its round in the line: in each of them every poster has one job."""
    is_anew: bool = False
    """Somebody asked for it to be done anew: an earlier post of the same video does not answer it."""
    page_id: str | None = None
    """Of the page that another flow made for this video."""
    holder: str | None = None
    """The process that may write it, where there are several (store.py: `take`)."""

    @classmethod
    def requested(
        cls, source: VideoSource, route: ChannelRoute, origin: Origin, at: datetime, *, page_id: str | None = None
    ) -> "Job":
        """Return the job of a video in a message, or for a page: the same post twice is the same job."""
        post = page_id.replace("-", "") if page_id else str(origin.message_id)
        return cls(job_id(post, source), source, route, origin, created_at=at, page_id=page_id)

    @property
    def post(self) -> str:
        """What the videos of one message, or of one page, have in common."""
        return self.id.partition("-")[0]

    @property
    def title(self) -> str:
        """The video's title, or what stands for it until it is known."""
        return self.artifacts.metadata.title if self.artifacts.metadata else self.source.label

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def is_early(self) -> bool:
        """Whether it waits for a video that does not exist yet: no try of it counts."""
        return self.status is JobStatus.WAITING and self.waiting_for is None and self.attempts == 0

    @property
    def in_line_since(self) -> datetime:
        """What its place within its round goes by."""
        return self.queued_at or self.created_at

    @property
    def place(self) -> Place:
        return self.turn, self.in_line_since, self.id

    @property
    def is_taken_up_again(self) -> bool:
        """Whether it had ended, stands in line again, and no worker has taken it since."""
        return self.queued_at is not None and self.stage is None and not self.has_ended

    def entering(self, stage: Stage, at: datetime) -> "Job":
        """Begin a try of a stage."""
        return replace(
            self,
            status=JobStatus.RUNNING,
            stage=stage,
            progress=None,
            error=None,
            attempts=self.attempts + 1 if stage is self.stage else 1,
            not_before=None,
            waiting_for=None,
            started_at=self.started_at or at,
            stage_runs=(*self.stage_runs, StageRun(stage, at)),
        )

    def progressed(self, fraction: float) -> "Job":
        return replace(self, progress=fraction)

    def ending(self, stage: Stage, at: datetime) -> "Job":
        """End a stage, be it not the one that is shown."""
        return replace(self, stage_runs=self._runs_ended(at, only=stage))

    def back_in(self, stage: Stage, attempts: int) -> "Job":
        """Be in an earlier stage again, whose try number `attempts` failed while the next stage was under way."""
        return replace(self, stage=stage, progress=None, attempts=attempts)

    def postponed(self, why: str, at: datetime, until: datetime) -> "Job":
        """Wait for another try of the stage."""
        return replace(self._waiting(why, at), not_before=until)

    def held_up(self, why: str, at: datetime, provider: str) -> "Job":
        """Wait until the operator has mended something at `provider`; the try does not count."""
        return replace(self._waiting_as_before(why, at), waiting_for=provider, attempts=self.attempts - 1)

    def awaiting(self, why: str, at: datetime, until: datetime) -> "Job":
        """Wait for a video that does not exist yet, and look again at `until`; the work has not begun."""
        return replace(self._waiting_as_before(why, at), not_before=until, attempts=0, started_at=None)

    def interrupted(self, at: datetime) -> "Job":
        """Stand in the queue again after a restart; a try that it broke off does not count."""
        if self.status is not JobStatus.RUNNING:
            return self
        runs = self._runs_ended(at, "interrupted by a restart")
        return replace(
            self, status=JobStatus.QUEUED, progress=None, attempts=max(self.attempts - 1, 0), stage_runs=runs
        )

    def remarking(self, remark: str) -> "Job":
        """Keep a sentence about what could not be done as usual, once."""
        remarks = dict.fromkeys((*self.artifacts.remarks, remark))
        return replace(self, artifacts=replace(self.artifacts, remarks=tuple(remarks)))

    def sharing(self, first: "Job") -> "Job":
        """Take over everything that the job of the first post has made, but for its page."""
        artifacts = replace(first.artifacts, page_url=None, first_page_url=first.artifacts.page_url)
        return replace(self, repost_of=first.id, artifacts=artifacts)

    def succeeded(self, at: datetime) -> "Job":
        return replace(self, status=JobStatus.SUCCEEDED, stage=Stage.COMPLETE, progress=None, ended_at=at)

    def failed(self, why: str, at: datetime, *, for_good: bool = False) -> "Job":
        """End with an error; the stage stays the one that it failed in."""
        return replace(self._waiting(why, at), status=JobStatus.FAILED, failed_for_good=for_good, ended_at=at)

    def cancelled(self, by: str, at: datetime) -> "Job":
        """End because somebody (a name) or something (`the deletion of its message`) wanted it."""
        return replace(self._waiting(f"cancelled by {by}", at), status=JobStatus.CANCELLED, ended_at=at)

    def retried(self, at: datetime) -> "Job":
        """Stand in line again after an end, with everything that finished stages left."""
        return replace(
            self,
            status=JobStatus.QUEUED,
            stage=None,
            progress=None,
            started_at=None,
            ended_at=None,
            error=None,
            attempts=0,
            not_before=None,
            waiting_for=None,
            repost_of=None,
            failed_for_good=False,
            queued_at=at,
        )

    def redone(self, at: datetime) -> "Job":
        """Stand in line again after an end, from the very start."""
        return replace(self.retried(at), artifacts=Artifacts(), is_anew=True)

    def _waiting_as_before(self, why: str, at: datetime) -> "Job":
        """Wait; the same reason time and again is kept once."""
        job = self._waiting(why, at)
        runs = [(run.stage, run.error) for run in job.stage_runs[-2:]]
        is_the_same_again = runs == [(job.stage, why)] * 2
        return replace(job, stage_runs=job.stage_runs[:-1]) if is_the_same_again else job

    def _waiting(self, why: str, at: datetime) -> "Job":
        return replace(
            self,
            status=JobStatus.WAITING,
            progress=None,
            error=why,
            not_before=None,
            waiting_for=None,
            stage_runs=self._runs_ended(at, why),
        )

    def _runs_ended(self, at: datetime, error: str | None = None, *, only: Stage | None = None) -> tuple[StageRun, ...]:
        return tuple(
            run if run.ended_at or only not in (None, run.stage) else replace(run, ended_at=at, error=error)
            for run in self.stage_runs
        )


JOB_ID = r"(?:\d+|[0-9a-f]{32})-[0-9a-f]{10}"
"""A regular expression for what `job_id` returns."""


def job_id(post: str, source: VideoSource) -> str:
    """Return an id of post and video that is fit for a folder's name and for Discord's and Drive's short fields.

    `post` is the message's id, or that of the page without its dashes.
    """
    return f"{post}-{hashlib.sha256(source.key.encode()).hexdigest()[:10]}"


def least_advanced(jobs: Iterable[Job]) -> Job:
    """Return the job that speaks for a message of several: one on its way before any that ended, the earliest first."""
    return min(jobs, key=_advance)


def _advance(job: Job) -> int:
    if job.status is JobStatus.SUCCEEDED:
        return len(Stage) + 1
    if job.has_ended:
        return len(Stage)
    return 0 if job.stage is None else 1 + list(Stage).index(job.stage)
