"""PURE: many jobs at once: the pages of /status, and what is offered while somebody types."""

from collections.abc import Iterator, Mapping

import discord
from discord import app_commands

from cogs.views.text import emoji, moment, one_line, plain, rough, stage_name, title
from services.jobs.eta import Forecast
from services.jobs.job import ENDED, Job, JobStatus
from services.overview import Standing
from services.words import utf16_units

PAGE = 10
"""Jobs on one page."""
_TITLE = 60
_REASON = 80
_CHOICE = 100
"""Characters that Discord takes as a choice's name."""


def page(standing: Standing, forecasts: Mapping[str, Forecast], number: int) -> discord.Embed:
    """Return a page of /status, the first is 0."""
    waiting = sum(standing.counts.get(status, 0) for status in (JobStatus.QUEUED, JobStatus.WAITING))
    ended = sum(standing.counts.get(s, 0) for s in ENDED)
    sections = [
        (f"Running ({standing.counts.get(JobStatus.RUNNING, 0)})", standing.running),
        (f"Waiting ({waiting})", standing.waiting),
        (f"Ended last ({ended})", standing.ended),
    ]
    lines = [line for name, jobs in sections for line in _section(name, jobs, forecasts)]
    embed = discord.Embed(title="Auditscribe", description="\n".join(lines) or "No videos yet.")
    return embed.set_footer(text=f"Page {number + 1} of {pages(standing)}")


def pages(standing: Standing) -> int:
    """Return how many pages there are, at least 1."""
    return max(-(-sum(standing.counts.values()) // PAGE), 1)


def choice(job: Job) -> app_commands.Choice[str]:
    """Return a job as it is offered while somebody types: no formatting there."""
    state = stage_name(job) if job.status is JobStatus.RUNNING else job.status
    end = f" · {state} · {one_line(job.origin.author_name, 20)}"
    return app_commands.Choice(
        name=f"{emoji(job)} {one_line(job.title, _CHOICE - utf16_units(end) - 4)}{end}", value=job.id
    )


def _section(name: str, jobs: list[Job], forecasts: Mapping[str, Forecast]) -> Iterator[str]:
    if jobs:
        yield f"**{name}**"
        yield from (_line(job, forecasts.get(job.id, Forecast())) for job in jobs)


def _line(job: Job, forecast: Forecast) -> str:
    link = f"[{title(job, _TITLE)}]({job.origin.message_url})"
    return " · ".join([f"{emoji(job)} {link}", *_state(job, forecast)])


def _state(job: Job, forecast: Forecast) -> Iterator[str]:
    match job.status:
        case JobStatus.RUNNING:
            yield f"{stage_name(job)}{'' if job.progress is None else f' {job.progress:.0%}'}"
            if forecast.seconds_left is not None:
                yield f"{rough(forecast.seconds_left)} left"
        case JobStatus.QUEUED if job.repost_of:
            yield "waits for the same video"
        case JobStatus.QUEUED:
            yield f"number {forecast.position}"
        case JobStatus.WAITING if job.is_early:
            yield f"not there yet{f', looked at again {moment(job.not_before)}' if job.not_before else ''}"
        case JobStatus.WAITING:
            yield f"{stage_name(job)}, {_wait(job)}"
        case _:
            if job.ended_at:
                yield moment(job.ended_at)
            if job.error and job.status is not JobStatus.SUCCEEDED:
                yield plain(job.error, _REASON)


def _wait(job: Job) -> str:
    if job.waiting_for:
        return f"until {plain(job.waiting_for)} is mended"
    return f"try {job.attempts + 1} {moment(job.not_before)}" if job.not_before else ""
