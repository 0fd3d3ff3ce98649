"""What ten and a hundred thousand ended jobs in the ledger cost on each query that a person waits for."""

import itertools
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.ledger import Past, fill
from bench.tables import Outcome, p99, table
from sandbox.worlds import Worlds
from services.jobs.job import STOPPED, Job, JobStatus
from services.overview import Overview
from services.queue.turns import next_turn
from services.store import JobStore, open_store
from tests.postgres import new_database, postgres

_SIZES = (10_000, 100_000)
_RUNNING, _IN_LINE, _POSTPONED = 4, 30, 10
_PAGE = 10

Query = Callable[[], Awaitable[object]]


async def measure(*, quick: bool) -> Outcome:
    """Ask each query in turn, of SQLite and of Postgres."""
    asks = 20 if quick else 100
    figures: dict[str, dict[str, list[float]]] = {}
    with postgres() as server:
        for size in _SIZES:
            for name, url in (("SQLite", None), ("Postgres", new_database(server))):
                figures[f"{name}, {size:,}"] = await _asked(url, size, asks)
    return _outcome(figures)


async def _asked(url: str | None, size: int, asks: int) -> dict[str, list[float]]:
    """Return milliseconds of each query."""
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            past = Past(worlds)
            ended = list(past.ended(size))
            waiting = list(past.on_their_way(running=_RUNNING, in_line=_IN_LINE, postponed=_POSTPONED))
            ledger_url = await fill(Path(folder), [*ended, *waiting], url and url.replace("://", "+psycopg://", 1))
        async with aclosing(await open_store(ledger_url)) as store:
            queries = _queries(store, ended, waiting)
            timings: dict[str, list[float]] = {name: [] for name in queries}
            for _ in range(asks):
                for name, query in queries.items():
                    begun = time.perf_counter()
                    await query()
                    timings[name].append((time.perf_counter() - begun) * 1000)
    return timings


def _queries(store: JobStore, ended: Sequence[Job], waiting: Sequence[Job]) -> Mapping[str, Query]:
    """Return how each query is asked once, under the name of what people do."""
    overview = Overview(store, "tiny.en")
    channels = {job.origin.channel_id for job in ended[:100]}
    others, numbers = itertools.cycle(ended[::37]), itertools.count(10**6)
    week = datetime.now(timezone.utc) - timedelta(days=7)
    every = list(JobStatus)

    async def post() -> None:
        job = next(others)
        new = Job.requested(job.source, job.route, replace(job.origin, message_id=next(numbers)), job.created_at)
        await next_turn(store, new.origin.author_id)
        await store.add(new)
        await store.find_first(new)
        await store.save(new.failed("gone", job.created_at))

    return {
        "/status": lambda: overview.standing(channels, skip=0, limit=_PAGE),
        "/status, page 100": lambda: overview.standing(channels, skip=100 * _PAGE, limit=_PAGE),
        "/status, whose channels": overview.channels,
        "/status, places and time left": lambda: overview.forecasts(waiting),
        "/status of a link": lambda: overview.of_source(next(others).source.key),
        "one video's card, story": lambda: store.get(next(others).id),
        "typed: nothing": lambda: overview.search("", channels, every, 25),
        "typed: in many titles": lambda: overview.search("audit of", channels, every, 25),
        "typed: in one title": lambda: overview.search(next(others).title, channels, every, 25),
        "typed: in no title": lambda: overview.search("no video is called so", channels, every, 25),
        "typed: in no title that may be retried": lambda: overview.search("no such", channels, STOPPED, 25),
        "/retry all": lambda: overview.failed_in_vain(channels, week),
        "a message's reaction": lambda: store.of_message(next(others).origin.message_id),
        "the line's head": lambda: overview.first_in_line(10),
        "a post: recorded, placed, ended": post,
        "the dashboard": lambda: overview.everything((0, 0, 0), 25),
        "a start: the unfinished": store.unfinished,
    }


def _outcome(figures: Mapping[str, Mapping[str, Sequence[float]]]) -> Outcome:
    names = list(next(iter(figures.values())))
    rows = [
        [name, *itertools.chain(*((median(ledger[name]), p99(ledger[name])) for ledger in figures.values()))]
        for name in names
    ]
    columns = ["", *itertools.chain(*((ledger, "p99") for ledger in figures))]
    slowest = {ledger: max(names, key=lambda name: p99(found[name])) for ledger, found in figures.items()}
    return Outcome(
        tables=[table("Queries with so many ended jobs in the ledger: milliseconds, median and p99", columns, rows)],
        results={
            f"query_p99_ms_{ledger.replace(', ', '_').replace(',', '').lower()}": p99(figures[ledger][name])
            for ledger, name in slowest.items()
        },
        raw=figures,
    )
