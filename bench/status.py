"""/status and what it offers while somebody types, with ten thousand jobs in the ledger."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.asking import Ask, Timing, timed
from bench.bot import running_bot
from bench.ledger import CHANNELS, Past, fill
from bench.tables import Outcome, median_of, p99_of, table
from sandbox.discord.interactions import Interaction
from sandbox.discord.permissions import Permission
from sandbox.worlds import Worlds
from services.jobs.job import Job

_JOBS, _JOBS_QUICK = 10_000, 2_000
_RUNNING, _IN_LINE, _POSTPONED = 4, 30, 10
_HIDDEN = CHANNELS[-1]
_QUIET_S, _QUIET_WITHIN_S = 4.0, 180.0


async def measure(*, quick: bool) -> Outcome:
    """Ask the bot over the sandbox's wire, every kind of question in turn; `quick`: less often, and of fewer jobs."""
    runs, asks, jobs = (1, 25, _JOBS_QUICK) if quick else (5, 100, _JOBS)
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            past = Past(worlds)
            worlds.discord.permit(_HIDDEN, user=worlds.discord.poster, deny=Permission.VIEW_CHANNEL)
            ended = list(past.ended(jobs - _RUNNING - _IN_LINE - _POSTPONED))
            under_way = past.on_their_way(running=_RUNNING, in_line=_IN_LINE, postponed=_POSTPONED)
            url = await fill(Path(folder), [*ended, *under_way])
            async with running_bot(worlds, DATABASE_URL=url, WORKERS=str(_RUNNING)):
                await _quiet(worlds)
                questions = Questions(worlds, ended)
                timings = [await _run(worlds, questions, asks) for _ in range(runs)]
    return _outcome(timings, jobs)


class Questions:
    """What somebody asks who sees all channels but one."""

    def __init__(self, worlds: Worlds, ended: Sequence[Job]) -> None:
        self._discord = worlds.discord
        seen = [job for job in ended if job.origin.channel_name != _HIDDEN]
        self._spoken = itertools.cycle([job for job in seen if job.artifacts.transcript])
        self._others = itertools.cycle([job for job in seen if not job.artifacts.transcript][::37])
        self._list = ""
        self._page = 0

    def kinds(self) -> Mapping[str, Ask]:
        """Return how each kind of question is asked once."""
        return {
            "/status": self._first_page,
            "/status, older": self._older,
            "/status of an hour's video": lambda: self._status(next(self._spoken).id),
            "/status of a link": lambda: self._status(next(self._others).source.label),
            "typed: nothing": lambda: self._typed(""),
            "typed: in many titles": lambda: self._typed("audit of"),
            "typed: in one title": lambda: self._typed(next(self._others).title),
            "typed: in no title": lambda: self._typed("no video is called so"),
        }

    async def begin(self) -> None:
        """Leaf from the first page on."""
        [message] = (await self._first_page()).messages
        self._list, self._page = message["id"], 0

    async def _first_page(self) -> Interaction:
        return await self._discord.slash("status")

    async def _older(self) -> Interaction:
        self._page += 1
        return await self._discord.press(self._list, f"status:{self._page}")

    async def _status(self, video: str) -> Interaction:
        return await self._discord.slash("status", {"video": video})

    async def _typed(self, text: str) -> Interaction:
        return await self._discord.autocomplete("status", "video", text)


async def _run(worlds: Worlds, questions: Questions, asks: int) -> dict[str, list[Timing]]:
    await questions.begin()
    kinds = questions.kinds()
    timings: dict[str, list[Timing]] = {kind: [] for kind in kinds}
    for _ in range(asks):
        for kind, ask in kinds.items():
            timings[kind].append(await timed(worlds.discord, ask))
    return timings


async def _quiet(worlds: Worlds) -> None:
    """Wait until the bot has reported everything that its start made it report."""
    async with asyncio.timeout(_QUIET_WITHIN_S):
        before = -1
        while before != (before := _reports(worlds)):  # noqa: ASYNC110 (it waits for what does not happen)
            await asyncio.sleep(_QUIET_S)


def _reports(worlds: Worlds) -> int:
    """Count the requests but for the edits of cards: those of running jobs go on."""
    return len(worlds.notion.exchanges) + sum(one.method != "PATCH" for one in worlds.discord.exchanges)


def _outcome(runs: Sequence[Mapping[str, Sequence[Timing]]], jobs: int) -> Outcome:
    rows: list[list[object]] = []
    figures: dict[str, tuple[float, float]] = {}
    for kind in runs[0]:
        seen = [[timing.seen for timing in run[kind]] for run in runs]
        bot = [[timing.bot for timing in run[kind]] for run in runs]
        figures[kind] = median_of(seen), p99_of(seen)
        rows.append([kind, *figures[kind], median_of(bot), p99_of(bot)])
    asked = sum(len(timings) for timings in runs[0].values())
    title = f"/status with {jobs:,} jobs in the ledger: milliseconds, medians of {len(runs)} runs of {asked} questions"
    columns = ("question", "median", "p99", "bot alone: median", "p99")
    slash, typed = ([figures[kind] for kind in figures if kind.startswith(what)] for what in ("/status", "typed"))
    return Outcome(
        tables=[table(title, columns, rows)],
        results={
            "status_median_ms": figures["/status"][0],
            "status_p99_ms": max(p99 for _, p99 in slash),
            "autocomplete_median_ms": figures["typed: nothing"][0],
            "autocomplete_p99_ms": max(p99 for _, p99 in typed),
        },
        raw=[{kind: [asdict(timing) for timing in timings] for kind, timings in run.items()} for run in runs],
    )
