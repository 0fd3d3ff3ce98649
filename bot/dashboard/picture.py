"""PURE: what the dashboard shows, as JSON. Everything in it is text: the page makes no markup of it."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from cogs.views.card import links
from cogs.views.text import emoji, one_line, rough, stage_name
from services.jobs.eta import Forecast
from services.jobs.job import JOB_ID, Job, JobStatus, StageRun
from services.jobs.retry import UNEXPECTED
from services.overview import Standing, Trouble

Json = dict[str, Any]

PARTS = ("running", "waiting", "ended")
_TITLE, _NAME, _ERROR = 200, 60, 700
_RUNS = 30
"""Tries of stages that a timeline has at most: the last ones."""
_CLASSES = 20
_ENDS = {JobStatus.SUCCEEDED: "Complete", JobStatus.FAILED: "Failed", JobStatus.CANCELLED: "Cancelled"}
_WEB = re.compile(r"https?://\S+")


def picture(standing: Standing, forecasts: Mapping[str, Forecast], troubles: Sequence[Trouble]) -> Json:
    """Return everything that is to be seen at once: `parts` hold ids of `jobs`, in their order."""
    parts = dict(zip(PARTS, (standing.running, standing.waiting, standing.ended), strict=True))
    return {
        "counts": {status.value: standing.counts.get(status, 0) for status in JobStatus},
        "parts": {name: [job.id for job in jobs] for name, jobs in parts.items()},
        "jobs": {job.id: shown(job, forecasts.get(job.id, Forecast())) for jobs in parts.values() for job in jobs},
        "failures": failures(troubles),
    }


def news(before: Json, now: Json) -> Json:
    """Return what of a picture is not as it was before; of the jobs only those that are not."""
    changed = {name: value for name, value in now.items() if before.get(name) != value}
    if "jobs" in changed:
        known = before.get("jobs", {})
        changed["jobs"] = {job_id: job for job_id, job in now["jobs"].items() if known.get(job_id) != job}
    return changed


def shown(job: Job, forecast: Forecast) -> Json:
    """Return a job. `state` is what it does, in words; times are in ISO 8601, for the browser to tell in its own."""
    origin = job.origin
    files = [("Message" if origin.is_message else "Page", origin.message_url), *links(job)]
    return {
        "title": one_line(job.title, _TITLE) or "untitled",
        "status": job.status.value,
        "emoji": emoji(job),
        "state": _state(job, forecast),
        "percent": None if job.progress is None else round(100 * job.progress),
        "next_try": _iso(job.not_before),
        "channel": one_line(origin.channel_name, _NAME),
        "author": one_line(origin.author_name, _NAME),
        "posted": _iso(origin.posted_at),
        "ended": _iso(job.ended_at),
        "error": one_line(job.error, _ERROR) if job.error and job.status is not JobStatus.SUCCEEDED else None,
        "runs": [_run(run) for run in job.stage_runs[-_RUNS:]],
        "links": [{"name": name, "url": url} for name, url in files if _WEB.fullmatch(url)],
    }


def failures(troubles: Sequence[Trouble]) -> list[Json]:
    """Return the classes of failures with how many jobs are in each, the largest first."""
    counted = Counter(map(_class_of, troubles)).most_common(_CLASSES)
    return [{"kind": kind, "stage": stage, "error": error, "count": n} for (kind, stage, error), n in counted]


def _class_of(trouble: Trouble) -> tuple[str, str, str]:
    """Return what is to be done about it, where it happened, and what, without what differs from job to job."""
    match trouble.status:
        case JobStatus.WAITING if trouble.waiting_for:
            kind = f"Goes on once {one_line(trouble.waiting_for, _NAME)} is mended"
        case JobStatus.WAITING:
            kind = "Is tried again by itself"
        case _ if trouble.failed_for_good:
            kind = "Failed for good"
        case _ if trouble.error == UNEXPECTED:
            kind = "Failed inside the bot"
        case _:
            kind = "Failed after all tries"
    error = re.sub(JOB_ID, "…", one_line(trouble.error or "", _ERROR))
    return kind, trouble.stage.value if trouble.stage else "", error


def _state(job: Job, forecast: Forecast) -> str:
    match job.status:
        case JobStatus.QUEUED if job.repost_of:
            return "Waits for the same video, which was posted before"
        case JobStatus.QUEUED:
            return f"Number {forecast.position} in line" if forecast.position else "Waiting"
        case JobStatus.RUNNING:
            return " · ".join([stage_name(job), *_progress(job, forecast)])
        case JobStatus.WAITING if job.waiting_for:
            return f"{stage_name(job)}: goes on once {one_line(job.waiting_for, _NAME)} is mended"
        case JobStatus.WAITING:
            return f"{stage_name(job)}: try {job.attempts + 1} is next"
    return _ENDS[job.status] + (f" while {stage_name(job)}" if job.status is JobStatus.FAILED and job.stage else "")


def _progress(job: Job, forecast: Forecast) -> Iterator[str]:
    if job.progress is not None:
        yield f"{job.progress:.0%}"
    if forecast.seconds_left is not None:
        yield f"{rough(forecast.seconds_left)} left"
    if job.attempts > 1:
        yield f"try {job.attempts}"


def _run(run: StageRun) -> Json:
    error = one_line(run.error, _ERROR) if run.error else None
    return {"stage": run.stage.value, "began": _iso(run.started_at), "ended": _iso(run.ended_at), "error": error}


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
