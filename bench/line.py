"""A line of ten thousand waiting jobs: what it costs to join it, to look at it, and to hold it."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiohttp

from bench.asking import timed
from bench.bot import running_bot
from bench.ledger import Past, fill
from bench.processes import Memory, memory_of
from bench.tables import Outcome, median_of, p99_of, table
from sandbox.worlds import Worlds
from services.jobs.job import Job

_JOBS, _JOBS_QUICK = 10_000, 500
_ASKS, _ASKS_QUICK = 40, 15
_CHANNEL = "market-outlook"
_SECRET = "bench"  # noqa: S105 (of a door that is open to this machine alone, for minutes)
_SETTLED_S = 5.0
_PAUSE_S = 0.4
"""Between two jobs: for each of them the bot looks at a page, and Notion takes three requests a second."""


class RefusedError(Exception):
    """The bot did not take a job that is measured."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds."""

    submit: float
    """From the request to the answer that the job is taken: it is in the ledger then, and in line."""
    submit_bot: float
    """The same without what Notion took meanwhile."""
    status: float
    position: float
    """/status of one job that waits: its card says its place."""


async def measure(*, quick: bool) -> Outcome:
    """Five runs of forty of each; `quick`: one of fifteen, and 500 jobs: a start takes them up one by one.

    The waiting jobs, and those that join them, come through the webhook: they have no messages, so that ten thousand
    cards and reactions, which take Discord's limits an hour, do not blur the figures.
    """
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            jobs, asks = (_JOBS_QUICK, _ASKS_QUICK) if quick else (_JOBS, _ASKS)
            waiting = list(Past(worlds).from_flows(jobs, _CHANNEL))
            door = Door(worlds)
            settings = door.settings | {"DATABASE_URL": await fill(Path(folder), waiting), "WORKERS": "1"}
            begun = time.monotonic()
            async with running_bot(worlds, **settings) as bot:
                started_s = time.monotonic() - begun
                await asyncio.sleep(_SETTLED_S)
                asked = waiting[1 :: jobs // asks][:asks]
                runs = [[await _look(worlds, door, job) for job in asked] for _ in range(1 if quick else 5)]
                memory = memory_of(bot.pid)
    return _outcome(len(waiting), runs, started_s, memory)


class Door:
    """The bot's webhook, as a flow uses it that makes its own pages."""

    def __init__(self, worlds: Worlds) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._worlds = worlds
        self._taken = 0

    @property
    def settings(self) -> dict[str, str]:
        return {"PORT": str(self._port), "WEBHOOK_SECRET": _SECRET}

    async def submit(self) -> tuple[float, float]:
        """Hand one more video in; return the milliseconds, with and without Notion's own.

        Raises:
            RefusedError: it was not taken.
        """
        self._taken += 1
        link = f"{self._worlds.site.clip_url('jfk.mp4')}?taken={self._taken}"
        page = self._worlds.notion.add_page(self._worlds.videos_database, {"Name": "New video"})
        body = {"discord_entry_id": page, "youtube_url": link, "channel": _CHANNEL}
        mark = len(self._worlds.notion.exchanges)
        async with aiohttp.ClientSession(f"http://127.0.0.1:{self._port}") as session:
            begun = time.perf_counter()
            async with session.post(
                "/webhook/process-video", json=body, headers={"X-Webhook-Secret": _SECRET}
            ) as answer:
                ms = (time.perf_counter() - begun) * 1000
                if answer.status != 202:
                    raise RefusedError(await answer.text())
        asked = self._worlds.notion.exchanges[mark:]
        return ms, ms - sum((one.answered_at or one.at) - one.at for one in asked) * 1000


async def _look(worlds: Worlds, door: Door, waiting: Job) -> Figures:
    await asyncio.sleep(_PAUSE_S)
    submit = await door.submit()
    status = await _asked(worlds, partial(worlds.discord.slash, "status"))
    position = await _asked(worlds, partial(worlds.discord.slash, "status", {"video": waiting.id}))
    return Figures(*submit, status, position)


async def _asked(worlds: Worlds, ask: Callable[[], Awaitable[Any]]) -> float:
    return (await timed(worlds.discord, ask)).seen


def _outcome(waiting: int, runs: Sequence[Sequence[Figures]], started_s: float, memory: Memory) -> Outcome:
    names = {
        "submit": "to submit a job",
        "submit_bot": "to submit a job, without Notion's time",
        "status": "/status",
        "position": "/status of a waiting job: its place",
    }
    figures = {name: [[getattr(figure, name) for figure in run] for run in runs] for name in names}
    title = f"With {waiting:,} jobs waiting in line: milliseconds, medians of {len(runs)} runs of {len(runs[0])}"
    return Outcome(
        tables=[
            table(
                title,
                ("", "median", "p99"),
                [[text, median_of(figures[name]), p99_of(figures[name])] for name, text in names.items()],
            ),
            table(
                "The bot with them",
                ("RSS, MB", "PSS, MB", "seconds to start"),
                [[f"{memory.rss:.1f}", memory.pss, started_s]],
            ),
        ],
        results={
            "submit_p99_ms": p99_of(figures["submit"]),
            "position_p99_ms": p99_of(figures["position"]),
            "waiting_status_p99_ms": p99_of(figures["status"]),
            "rss_waiting_mb": memory.rss,
            "waiting_start_s": started_s,
        },
        raw={
            "runs": [[asdict(figure) for figure in run] for run in runs],
            "memory": asdict(memory),
            "started_s": started_s,
        },
    )
