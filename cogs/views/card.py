"""PURE: from a job to its card, and to the whole story of it."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

import discord

from cogs.views.text import bar, duration, emoji, moment, plain, rough, stage_name, title
from services.jobs.eta import Forecast
from services.jobs.job import Job, JobStatus, StageRun

_REASON = 700
"""Characters of an error."""
_REMARK = 200
_REMARKS_TOLD = 3
_RUNS_TOLD = 12
"""Tries of stages; with errors that are all markdown, they and the reason still fit into a description."""
_WEB = re.compile(r"https?://[!-'*-~]{1,200}")
"""An address that Discord takes, and that ends no `[link](…)` early."""
_COLOURS = {
    JobStatus.QUEUED: discord.Colour.greyple(),
    JobStatus.RUNNING: discord.Colour.blurple(),
    JobStatus.WAITING: discord.Colour.orange(),
    JobStatus.SUCCEEDED: discord.Colour.green(),
    JobStatus.FAILED: discord.Colour.red(),
    JobStatus.CANCELLED: discord.Colour.dark_grey(),
}


def card(job: Job, forecast: Forecast) -> discord.Embed:
    """Return what the channel sees of a job: where it is, what is done, what came of it."""
    return _embed(job, [headline(job, forecast), *_explanation(job), *_stages_passed(job)])


def story(job: Job, forecast: Forecast) -> discord.Embed:
    """Return everything about a job: each try of each stage with its times, errors, files."""
    embed = _embed(job, [headline(job, forecast), *_explanation(job), *map(_run, job.stage_runs[-_RUNS_TOLD:])])
    origin = job.origin
    posted = f"{plain(origin.author_name)} in <#{origin.channel_id}> {moment(origin.posted_at)}"
    link = f"[{'message' if origin.is_message else 'page'}]({origin.message_url})"
    embed.add_field(name="Posted by", value=f"{posted} · {link}", inline=False)
    if files := " · ".join(f"[{name}]({url})" for name, url in links(job)):
        embed.add_field(name="Files", value=files, inline=False)
    return embed


def _embed(job: Job, lines: Iterable[str]) -> discord.Embed:
    embed = discord.Embed(title=title(job), description="\n".join(lines), colour=_COLOURS[job.status])
    if job.status is JobStatus.SUCCEEDED:
        for name, value in _result(job):
            embed.add_field(name=name, value=value)
    return embed.set_footer(text=job.id)


def headline(job: Job, forecast: Forecast) -> str:
    """Return the line that says how a job is, and below it how far."""
    match job.status:
        case JobStatus.QUEUED if job.repost_of:
            line = f"{emoji(job)} **Waiting** for the same video, which was posted before"
        case JobStatus.QUEUED:
            place = f" · number {forecast.position} in line" if forecast.position else ""
            line = f"{emoji(job)} **Waiting**{place}"
        case JobStatus.RUNNING:
            line = f"{emoji(job)} **{stage_name(job)}**{_try(job.attempts)}{_progress(job, forecast)}"
        case JobStatus.WAITING if job.waiting_for:
            line = f"⏳ **{stage_name(job)}** · goes on by itself once {plain(job.waiting_for)} is mended"
        case JobStatus.WAITING if job.is_early:
            line = f"⏳ **Not there yet** · looked at again{f' {moment(job.not_before)}' if job.not_before else ''}"
        case JobStatus.WAITING:
            when = f" {moment(job.not_before)}" if job.not_before else ""
            line = f"⏳ **{stage_name(job)}** · try {job.attempts + 1}{when}"
        case JobStatus.SUCCEEDED:
            line = f"✅ **Complete**{_time_taken(job)}"
        case JobStatus.FAILED:
            line = f"❌ **Failed**{f' while {stage_name(job)}' if job.stage else ''}"
        case JobStatus.CANCELLED:
            line = "❌ **Cancelled**"
    return line


def links(job: Job) -> Iterator[tuple[str, str]]:
    """Yield the web addresses of what was made, by their names. A local folder's files have none."""
    artifacts, stored = job.artifacts, job.artifacts.stored
    made = [("Notion page", artifacts.page_url), ("First page", artifacts.first_page_url)]
    if stored:
        made += [("Folder", stored.folder.url), ("Transcript file", stored.text.url)]
    yield from ((name, url) for name, url in made if url and _WEB.fullmatch(url))


def _explanation(job: Job) -> Iterator[str]:
    if job.error and job.status is not JobStatus.SUCCEEDED:
        yield plain(job.error[:1].upper() + job.error[1:], _REASON)
    if job.status is JobStatus.FAILED:
        yield (
            "Another try ends the same way, unless that has changed: then press Retry."
            if job.failed_for_good
            else "Press Retry to go on where it stopped."
        )
    if job.status is JobStatus.SUCCEEDED and (job.repost_of or job.artifacts.first_page_url):
        yield "The same video was posted before: its files are the same."
    if job.status is JobStatus.SUCCEEDED:
        yield from (plain(remark, _REMARK) for remark in job.artifacts.remarks[:_REMARKS_TOLD])


def _stages_passed(job: Job) -> Iterator[str]:
    """Yield a line a stage that was passed, with the time that its last, successful try took."""
    runs = [run for run in job.stage_runs if not job.is_anew or run.started_at >= job.in_line_since]
    passed = {run.stage: run for run in runs if run.ended_at and not run.error}
    for stage, run in passed.items():
        if stage is not job.stage:
            yield f"-# ✓ {stage} · {duration(_taken(run).total_seconds())}"


def _result(job: Job) -> Iterator[tuple[str, str]]:
    metadata, transcript = job.artifacts.metadata, job.artifacts.transcript
    if metadata and metadata.duration_s is not None:
        yield "Length", duration(metadata.duration_s)
    if transcript:
        yield "Words", f"{len(transcript.text.split()):,}"
        yield "Language", transcript.language or "none"
        yield "Model", plain(transcript.model or "none")


def _run(run: StageRun) -> str:
    began = moment(run.started_at, "T")
    if run.ended_at is None:
        return f"… {run.stage} since {began}"
    line = f"{'✗' if run.error else '✓'} {run.stage} {began} · {duration(_taken(run).total_seconds())}"
    return f"{line} · {plain(run.error, 60)}" if run.error else line


def _taken(run: StageRun) -> timedelta:
    return (run.ended_at or run.started_at) - run.started_at


def _try(attempts: int) -> str:
    return f" · try {attempts}" if attempts > 1 else ""


def _progress(job: Job, forecast: Forecast) -> str:
    shown = [] if job.progress is None else [bar(job.progress)]
    if forecast.seconds_left is not None:
        shown.append(f"{rough(forecast.seconds_left)} left")
    return f"\n{' · '.join(shown)}" if shown else ""


def _time_taken(job: Job) -> str:
    if job.started_at is None or job.ended_at is None:
        return ""
    return f" in {duration((job.ended_at - job.started_at).total_seconds())}"
