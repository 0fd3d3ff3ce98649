"""Twenty jobs at once in one channel: the requests they make, and how far behind their reports are."""

import asyncio
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import sqlalchemy as sa

from bench import reports
from bench.asking import Timing, timed
from bench.bot import running_bot
from bench.reports import Shown, Step
from bench.tables import Outcome, median_of, p99_of, table
from sandbox.demo.watch import until
from sandbox.media import clip
from sandbox.server import World
from sandbox.worlds import Worlds
from services.jobs.job import Job
from services.schema import jobs
from services.store import open_store

_JOBS = 20
_CLIP = "jfk.mp4"
_CHANNEL = "audit-process"
_SETTLED_S = 3.0
"""After a start: what that asks of the worlds is no job's."""
_ENDED_WITHIN_S = 500.0
_ASKED_EVERY_S = 2.0
_ASKED = "Discord: interaction"
"""These are the answers to /status, which is asked meanwhile."""
_KINDS = {
    "Discord: create message": r"POST .*/channels/\d+/messages",
    "Discord: edit message": r"PATCH .*/channels/\d+/messages/\d+",
    "Discord: reaction": r"(PUT|DELETE) .*/reactions/.*",
    _ASKED: r"\w+ .*/(interactions|webhooks)/.*",
    "Notion: pages.create": r"POST /v1/pages",
    "Notion: pages.update": r"PATCH /v1/pages/.*",
    "Notion: query": r"POST /v1/data_sources/.*/query",
}
_REPORTS = {"card": reports.on_cards, "reaction": reports.in_reactions, "page": reports.on_pages}


@dataclass(frozen=True, slots=True)
class Request:
    """One request of the bot."""

    kind: str
    at: float
    """Seconds from the first post."""
    status: int


@dataclass(frozen=True, slots=True)
class Run:
    """What twenty jobs came to."""

    requests: Sequence[Request]
    seconds: float
    """From the first post until every end was shown."""
    together_s: float
    """How long all of them were under way at once."""
    lags: Mapping[str, Sequence[float]]
    """The seconds by which each kind of report was behind the jobs."""
    asked: Sequence[Timing]
    """/status, meanwhile."""


async def measure(*, quick: bool) -> Outcome:
    """Post twenty videos whose downloads take a minute, three times; `quick`: once, a third of a minute."""
    return _outcome([await _run(20.0)] if quick else [await _run(60.0) for _ in range(3)])


async def _run(download_s: float) -> Run:
    asked: list[Timing] = []
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            worlds.site.bytes_per_second = clip(worlds.clips, _CLIP).stat().st_size / download_s
            async with running_bot(worlds, WORKERS=str(_JOBS)):
                await asyncio.sleep(_SETTLED_S)
                begun = asyncio.get_running_loop().time()
                for number in range(_JOBS):
                    worlds.discord.post(_CHANNEL, f"{worlds.site.clip_url(_CLIP)}?number={number}")
                is_over = asyncio.Event()
                asking = asyncio.create_task(_ask(worlds, asked, is_over))
                await until(worlds, lambda: _all_ends_shown(worlds), _ENDED_WITHIN_S)
                seconds = asyncio.get_running_loop().time() - begun
                is_over.set()
                await asking
            done = await _jobs(Path(worlds.settings()["DATA_DIR"]))
            requests = [*_requests(worlds.discord, begun), *_requests(worlds.notion, begun)]
            shown = {name: list(read(worlds)) for name, read in _REPORTS.items()}
    lags = {name: [lag for job in done for lag in reports.lags(job, told)] for name, told in shown.items()}
    return Run(requests, seconds, _together_s(done), lags, asked)


async def _ask(worlds: Worlds, asked: list[Timing], is_over: asyncio.Event) -> None:
    while not is_over.is_set():
        await asyncio.sleep(_ASKED_EVERY_S)
        asked.append(await timed(worlds.discord, lambda: worlds.discord.slash("status")))


def _all_ends_shown(worlds: Worlds) -> bool:
    if len(worlds.notion.pages(worlds.audit_database)) < _JOBS:
        return False
    return all(len(_ended(read(worlds))) == _JOBS for read in _REPORTS.values())


def _ended(shown: Iterator[Shown]) -> set[str]:
    return {one.job for one in shown if one.step is Step.ENDED}


async def _jobs(data_dir: Path) -> list[Job]:
    store = await open_store(f"sqlite+aiosqlite:///{data_dir / 'auditscribe.db'}")
    found = await store.fetch(sa.select(jobs.c.body))
    await store.aclose()
    return found


def _requests(world: World, begun: float) -> Iterator[Request]:
    for exchange in world.exchanges:
        line = f"{exchange.method} {exchange.path}"
        kind = next((kind for kind, pattern in _KINDS.items() if re.fullmatch(pattern, line)), None)
        if exchange.at >= begun:
            yield Request(kind or f"{world.name.capitalize()}: other", exchange.at - begun, exchange.status)


def _together_s(done: Sequence[Job]) -> float:
    ends = [job.ended_at.timestamp() for job in done if job.ended_at]
    return max(min(ends) - max(job.started_at.timestamp() for job in done if job.started_at), 0.0)


def _outcome(runs: Sequence[Run]) -> Outcome:
    kinds = dict.fromkeys([*_KINDS, *(request.kind for run in runs for request in run.requests)])
    rates = {kind: _rates(runs, [kind]) for kind in kinds}
    totals = {
        service: _rates(runs, [kind for kind in kinds if kind.startswith(service) and kind != _ASKED])
        for service in ("Discord", "Notion")
    }
    lags = {name: _lags([run.lags[name] for run in runs]) for name in _REPORTS}
    asked = [[timing.seen for timing in run.asked] for run in runs]
    seconds, together_s = median(run.seconds for run in runs), median(run.together_s for run in runs)
    return Outcome(
        tables=[
            table(
                f"{_JOBS} jobs in {seconds:.0f} s, all at once for {together_s:.0f} s: medians of {len(runs)} runs",
                ("request", "a job", "a second", "in the busiest second", "refused (429)"),
                [
                    *([kind, *figures] for kind, figures in rates.items()),
                    *([f"{service}: all but /status", *figures] for service, figures in totals.items()),
                ],
            ),
            table(
                "Seconds from a step of a job to the report that shows it",
                ("report", "median", "p99", "worst"),
                [[name, *figures] for name, figures in lags.items()],
            ),
        ],
        results={
            "twenty_jobs_together_s": together_s,
            "twenty_jobs_status_median_ms": median_of(asked),
            "twenty_jobs_status_p99_ms": p99_of(asked),
            "refused_429": sum(request.status == 429 for run in runs for request in run.requests),
            **{f"{service.lower()}_requests_per_job": per_job for service, (per_job, *_) in totals.items()},
            **{f"{service.lower()}_requests_per_s": per_s for service, (_, per_s, *_) in totals.items()},
            **{f"{name}_lag_median_s": middle for name, (middle, *_) in lags.items()},
            **{f"{name}_lag_worst_s": worst for name, (*_, worst) in lags.items()},
        },
        raw=[asdict(run) for run in runs],
    )


def _rates(runs: Sequence[Run], kinds: Collection[str]) -> tuple[float, float, int, int]:
    """Return the requests of some kinds: a job, a second, in the busiest second; and how many of all were refused."""
    chosen = [[request for request in run.requests if request.kind in kinds] for run in runs]
    seconds = [Counter(int(request.at) for request in requests) for requests in chosen]
    return (
        median(len(requests) / _JOBS for requests in chosen),
        median(len(requests) / run.seconds for requests, run in zip(chosen, runs, strict=True)),
        max(max(counts.values(), default=0) for counts in seconds),
        sum(request.status == 429 for requests in chosen for request in requests),
    )


def _lags(runs: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Return the runs' median, 99th percentile and worst."""
    return median_of(runs), p99_of(runs), median(map(max, runs))
