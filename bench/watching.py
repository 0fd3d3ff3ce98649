"""One video on its way through a running bot, seen from outside: in the worlds, and in the ledger's file."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench import reports
from bench.reports import Step
from sandbox.demo.watch import until
from sandbox.server import Exchange
from sandbox.worlds import Worlds
from services.jobs.job import Job, JobStatus, Stage
from services.schema import JOB

Span = tuple[float, float]
"""From when to when, in seconds since the epoch."""

CHANNEL = "audit-process"
_LOOK_EVERY_S = 0.1
"""Not more often, since a look costs a millisecond of a core that the bot could use."""
_REPORTS = (reports.on_pages, reports.on_cards, reports.in_reactions)
_ENDED_WITHIN_S = 3000.0


class FailedError(Exception):
    """A job that is measured must come to a good end."""


@dataclass(frozen=True, slots=True)
class Way:
    """What became of one post; moments are seconds since the epoch."""

    posted_at: float
    first_words_at: float | None
    """When the ledger first had progress of the transcription; that is written once a second at most."""
    page_complete_at: float
    """When Notion had accepted the page's last status, with all links."""
    job: Job
    transfers: list[Span]
    """What the site was sending, and Drive was receiving."""

    @property
    def seconds(self) -> float:
        return self.page_complete_at - self.posted_at

    @property
    def transcription_s(self) -> float:
        return sum(end - start for start, end in self.spans(Stage.TRANSCRIBING))

    def spans(self, *stages: Stage) -> list[Span]:
        """Return when the job was in any of these stages, by its own record."""
        runs = [run for run in self.job.stage_runs if run.stage in stages and run.ended_at]
        return [(run.started_at.timestamp(), run.ended_at.timestamp()) for run in runs if run.ended_at]

    def outside(self, spans: Iterable[Span]) -> float:
        """Return the seconds from the post to the complete page in which none of these was under way."""
        cut = [(max(start, self.posted_at), min(end, self.page_complete_at)) for start, end in spans]
        return self.seconds - covered(cut)


def covered(spans: Iterable[Span]) -> float:
    """Return the seconds that lie in at least one span; those that end before they begin are empty."""
    total, until = 0.0, float("-inf")
    for start, end in sorted(spans):
        total += max(end - max(start, until), 0.0)
        until = max(until, end)
    return total


async def follow(worlds: Worlds, link: str) -> Way:
    """Post a link, and return when its job has ended in every report.

    Raises:
        FailedError: it came to no good end.
    """
    marks = {world.name: len(world.exchanges) for world in worlds.all}
    posted_at = time.time()
    message = worlds.discord.post(CHANNEL, link)["id"]
    first_words_at = None
    async with asyncio.timeout(_ENDED_WITHIN_S):
        while not (job := job_of(worlds, message)) or not job.has_ended:
            if first_words_at is None and job and job.stage is Stage.TRANSCRIBING and job.progress:
                first_words_at = time.time()
            await asyncio.sleep(_LOOK_EVERY_S)
        if job.status is not JobStatus.SUCCEEDED:
            raise FailedError(f"{link}: {job.status}: {job.error}")
    await until(worlds, lambda: all(ended_at(read, worlds, message) for read in _REPORTS), _ENDED_WITHIN_S)
    site = [one for one in worlds.site.exchanges[marks["site"] :] if one.path.startswith("/clips/")]
    drive = [one for one in worlds.drive.exchanges[marks["drive"] :] if one.path.startswith("/upload/")]
    complete_at = ended_at(reports.on_pages, worlds, message)
    assert complete_at, "it was waited for"  # noqa: S101 (for the type checker)
    return Way(posted_at, first_words_at, complete_at, job, [_span(one) for one in (*site, *drive)])


def ended_at(read: Callable[[Worlds], Iterable[reports.Shown]], worlds: Worlds, message: str) -> float | None:
    """Return when one kind of report first told of a message's end."""
    return next((one.at for one in read(worlds) if one.job == message and one.step is Step.ENDED), None)


def job_of(worlds: Worlds, message: str) -> Job | None:
    """Return a message's job as the bot's ledger has it at the moment."""
    file = Path(worlds.settings()["DATA_DIR"]) / "auditscribe.db"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        found = connection.execute("SELECT body FROM jobs WHERE message_id = ?", (int(message),)).fetchone()
    return JOB.validate_json(found[0]) if found else None


def _span(exchange: Exchange) -> Span:
    offset = time.time() - time.monotonic()
    return exchange.at + offset, (exchange.answered_at or exchange.at) + offset
