"""PURE: from jobs to what people read in Discord."""

from collections.abc import Sequence

import discord
from discord.utils import escape_markdown

from services.jobs.job import Job, JobStatus, Stage

WAITING = "👀"
_STAGE_EMOJI = {
    Stage.PROCESSING: WAITING,
    Stage.DOWNLOADING: "⬇️",
    Stage.TRANSCRIBING: "✍️",
    Stage.UPLOADING: "☁️",
    Stage.COMPLETE: "☁️",  # its work has begun, the page does not say so yet
}
_ENDED_EMOJI = {JobStatus.SUCCEEDED: "✅", JobStatus.FAILED: "❌", JobStatus.CANCELLED: "❌"}
_TITLE = 100


def emoji(job: Job) -> str:
    """Return the reaction that shows where a job is."""
    if job.has_ended:
        return _ENDED_EMOJI[job.status]
    return WAITING if job.stage is None else _STAGE_EMOJI[job.stage]


def title(job: Job) -> str:
    """Return the video's name: one line, cut, nothing in it that Discord would act upon."""
    name = " ".join(job.title.split())
    return escape_markdown(name if len(name) <= _TITLE else f"{name[: _TITLE - 1]}…")


def reply(job: Job) -> str:
    """Return the one sentence that answers the message when a job has ended."""
    if job.error:
        return f"❌ {title(job)}: {escape_markdown(job.error, as_needed=True)}"[:2000]
    links = [("Notion page", job.artifacts.page_url)]
    if stored := job.artifacts.stored:
        links += [("folder", stored.folder.url), ("transcript", stored.text.url)]
    shown = " · ".join(f"[{name}](<{url}>)" for name, url in links if url and url.startswith("http"))
    return f"✅ {title(job)} is transcribed. {shown}".strip()[:2000]


def status_embed(unfinished: Sequence[Job], ended: Sequence[Job]) -> discord.Embed:
    """Return the answer to /status: what runs, what waits, what ended last."""
    running = [job for job in unfinished if job.status is JobStatus.RUNNING]
    waiting = [job for job in unfinished if job.status is not JobStatus.RUNNING]
    embed = discord.Embed(title="Auditscribe")
    embed.add_field(name=f"Running ({len(running)})", value=_lines(running), inline=False)
    embed.add_field(name=f"Waiting ({len(waiting)})", value=_lines(waiting), inline=False)
    embed.add_field(name="Ended last", value=_lines(ended), inline=False)
    return embed


def _lines(jobs: Sequence[Job]) -> str:
    """Return up to five jobs, a line each, within an embed field's 1024 characters."""
    lines = [_line(job) for job in jobs[:5]]
    if len(jobs) > 5:
        lines.append(f"… and {len(jobs) - 5} more")
    return "\n".join(lines)[:1024] or "nothing"


def _line(job: Job) -> str:
    percent = f" {job.progress:.0%}" if job.progress is not None else ""
    stage = f" · {job.stage}{percent}" if job.status is JobStatus.RUNNING else ""
    return f"{emoji(job)} [{title(job)[:80]}]({job.origin.message_url}){stage}{_wait(job)}"


def _wait(job: Job) -> str:
    """Return which try a job waits for, and when that is; Discord shows the moment in the reader's own time."""
    if job.waiting_for:
        return f" · {job.stage} · waits until {job.waiting_for} is mended"
    if job.not_before:
        return f" · {job.stage} · try {job.attempts + 1} <t:{job.not_before.timestamp():.0f}:R>"
    return ""
