"""How many videos one, two and three workers do on Postgres, and how soon a posted one is begun."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from bench.bot import running_bot
from bench.sleeping_bot import SLEEP
from bench.tables import Outcome, p99, table
from sandbox.media import clip
from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.postgres import new_database, postgres

_CHANNEL = "market-outlook"
"""One page a video: Notion takes three requests a second from all workers together."""
_MODULE = "bench.sleeping_bot"
_TRANSCRIPTION_S = 8.0
_VIDEOS_A_WORKER = 6
_PAUSE_S = 0.5
_WITHIN_S = 600.0
_LOOK_EVERY_S = 0.1


async def measure(*, quick: bool) -> Outcome:
    """Post as many videos to each worker; then one at a time to idle workers."""
    throughput: dict[int, float] = {}
    with postgres() as server:
        for workers in (1, 2, 3):
            throughput[workers] = await _throughput(new_database(server), workers)
        latencies = await _latencies(new_database(server), 20 if quick else 100)
    rows = [[f"{workers} workers", rate, rate / throughput[1]] for workers, rate in throughput.items()]
    title = f"Videos a minute whose transcription is a sleep of {_TRANSCRIPTION_S:.0f} s, a worker one at a time"
    return Outcome(
        tables=[
            table(title, ("", "videos a minute", "times one worker's"), rows),
            table(
                f"From the ledger's first word of a job to its start in another, idle process: ms, of {len(latencies)}",
                ("", "median", "p99"),
                [["enqueue to start", median(latencies), p99(latencies)]],
            ),
        ],
        results={f"workers_{workers}_videos_a_minute": rate for workers, rate in throughput.items()}
        | {"enqueue_to_start_ms": median(latencies), "enqueue_to_start_p99_ms": p99(latencies)},
        raw={"throughput": throughput, "latencies": latencies},
    )


async def _throughput(url: str, workers: int) -> float:
    """Return videos a minute, from the first one's start to the last one's end."""
    async with _at_work(url, workers, WORKERS="1", **{SLEEP: str(_TRANSCRIPTION_S)}) as worlds:
        for number in range(workers * _VIDEOS_A_WORKER):
            _post(worlds, number)
        jobs = await _ended(url, workers * _VIDEOS_A_WORKER)
    first, last = min(_moment(job, "started_at") for job in jobs), max(_moment(job, "ended_at") for job in jobs)
    return len(jobs) / (last - first) * 60


async def _latencies(url: str, count: int) -> list[float]:
    """Return milliseconds; each video is posted when the one before it is done."""
    async with _at_work(url, 3, WORKERS="1", **{SLEEP: "0.1"}) as worlds:
        for number in range(count):
            _post(worlds, number)
            jobs = await _ended(url, number + 1)
            await asyncio.sleep(_PAUSE_S)
    return [(_moment(job, "started_at") - _moment(job, "created_at")) * 1000 for job in jobs]


@asynccontextmanager
async def _at_work(url: str, workers: int, **settings: str) -> AsyncIterator[Worlds]:
    """Yield worlds with a bot that only enqueues, and idle workers."""
    settings |= {"DATABASE_URL": url, "BOT_RUNS_JOBS": "false", "MAX_PER_MINUTE": "1000"}
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="auditscribe-bench-"))
        worlds = await stack.enter_async_context(Worlds(Path(folder)))
        await stack.enter_async_context(running_bot(worlds, module=_MODULE, **settings))
        for number in range(workers):
            worker = BotProcess(worlds, settings, _MODULE, command="worker", name=f"worker-{number}")
            await worker.start()
            stack.push_async_callback(worker.stop)
        await _until(lambda: _registered(url) == workers)
        yield worlds


def _post(worlds: Worlds, number: int) -> None:
    content = clip(worlds.clips, "jfk.mp4").read_bytes()
    worlds.discord.post(_CHANNEL, files=[(f"talk-{number}.mp4", content, "video/mp4")])


async def _ended(url: str, count: int) -> Sequence[Any]:
    """Return the jobs once there are so many, all ended."""
    await _until(lambda: len(_jobs(url)) == count and all(job["ended_at"] for job in _jobs(url)))
    return _jobs(url)


async def _until(condition: Any) -> None:
    async with asyncio.timeout(_WITHIN_S):
        while not condition():  # noqa: ASYNC110 (another process makes it true)
            await asyncio.sleep(_LOOK_EVERY_S)


def _jobs(url: str) -> list[Any]:
    with psycopg.connect(url) as database:
        return [json.loads(body) for (body,) in database.execute("SELECT body FROM jobs")]


def _registered(url: str) -> int:
    with psycopg.connect(url) as database:
        return database.execute("SELECT id FROM procrastinate_workers").rowcount


def _moment(job: Any, name: str) -> float:
    return datetime.fromisoformat(job[name]).timestamp()
