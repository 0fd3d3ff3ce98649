"""Several processes on one Postgres ledger, killed at random and replaced, until every video is done."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.chaos.ledger import Entry, Ledger, entry_of
from tests.e2e.chaos.posts import Kind, Poster
from tests.e2e.chaos.verdict import Verdict

WORKERS = 3
SILENT_S = 5.0
"""After so long, others go on with what a killed process had."""
LOOK_EVERY_S = 2.0
PATIENCE_S = 90.0
QUIET_WITHIN_S = 900.0
AFTERWARDS_S = 8.0
_BOT = "bot"


class PostgresLedger(Ledger):
    """The same questions, asked of Postgres."""

    def __init__(self, url: str) -> None:
        self._database = psycopg.connect(url, autocommit=True)
        super().__init__(Path())

    def close(self) -> None:
        self._database.close()

    def entries(self) -> dict[str, Entry]:
        bodies = self._select("SELECT body FROM jobs")
        return {entry.id: entry for (body,) in bodies for entry in [entry_of(json.loads(body))]}

    def _select(self, query: str) -> list[Any]:
        try:
            return self._database.execute(query.encode()).fetchall()
        except psycopg.errors.UndefinedTable:  # the first start has not made the tables yet
            return []


class ManyChaos:
    """One run over worlds and a database of its own. The bot is a worker, too. `say` gets a line for each kill."""

    def __init__(self, worlds: Worlds, url: str, seed: int, say: Callable[[str], None]) -> None:
        self._worlds = worlds
        self._say = say
        self._chance = random.Random(seed)  # noqa: S311 (for play)
        self._settings = {"DATABASE_URL": url, "WORKER_SILENT_S": str(SILENT_S), "WORKERS": "1", "WHISPER_WORKERS": "1"}
        self._settings |= {"MAX_PER_POSTER": "1000", "MAX_PER_MINUTE": "1000"}  # they come all at once
        self._ledger = PostgresLedger(url)
        self._poster = Poster(worlds)
        self._work = Path(worlds.settings()["DATA_DIR"]) / "work"
        self._processes: list[BotProcess] = []
        self._number = 0
        self._forgotten: list[str] = []
        self._orphans: list[str] = []

    async def run(self, videos: int, kills: int) -> list[str]:
        """Post the videos and kill processes while they are done. Return what is wrong in the end."""
        with closing(self._ledger):
            try:
                await self._begin()
                self._post(videos)
                for number in range(kills):
                    await asyncio.sleep(self._chance.uniform(4, 14))
                    await self._kill_one(number + 1)
                return await self._verdict()
            finally:
                for process in self._processes:
                    await process.kill()
                    await process.bury()

    async def _begin(self) -> None:
        """Let the bot see its channels for the first time: what was said before is none of its business."""
        await self._start(_BOT)
        await self._worlds.discord.until(lambda: self._worlds.discord.connected, within=PATIENCE_S)
        self._poster.post(Kind.LINK)
        await self._until(self._ledger.entries, PATIENCE_S)
        for _ in range(WORKERS):
            await self._start("worker")

    def _post(self, videos: int) -> None:
        kinds = [kind for kind in Kind if kind is not Kind.SPEECH]
        while len(self._poster.videos) < videos:
            is_last = len(self._poster.videos) == videos - 1
            self._poster.post(self._chance.choice([kind for kind in kinds if not (is_last and kind is Kind.PAIR)]))

    async def _start(self, kind: str) -> None:
        self._number += 1
        name = f"{kind}-{self._number}"
        command = "" if kind == _BOT else kind
        process = BotProcess(self._worlds, self._settings, command=command, name=name)
        await process.start()
        self._processes.append(process)

    async def _kill_one(self, number: int) -> None:
        """SIGKILL for one that has a job, if any; another one takes its place, under a new name."""
        busy = [one for one in self._processes if one.pid in self._at_work()]
        victim = self._chance.choice(busy or self._processes)
        running = [f"{job.id} {job.where}" for job in self._held_by(victim.pid)]
        await victim.kill()
        await victim.bury()
        self._orphans += victim.orphans
        self._processes.remove(victim)
        self._forgotten += self._ledger.forgotten()
        done = sum(job.has_ended for job in self._ledger.entries().values())
        self._say(f"{number:4} {victim.name:10} {done:3} done | {'; '.join(running) or 'no job'}")
        await self._start(victim.name.partition("-")[0])

    def _at_work(self) -> set[int]:
        return {pid for process in self._processes for pid in [process.pid] if any(self._held_by(pid))}

    def _held_by(self, pid: int) -> Iterator[Entry]:
        running = dict(self._ledger._select("SELECT id, holder FROM jobs WHERE status = 'running'"))
        for job in self._ledger.entries().values():
            if f"-{pid}-" in (running.get(job.id) or ""):
                yield job

    async def _until(self, condition: Callable[[], object], within_s: float) -> bool:
        try:
            async with asyncio.timeout(within_s):
                while not condition():
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            return False
        return True

    async def _verdict(self) -> list[str]:
        """Let them finish, and return what is wrong."""
        at_rest = await self._until(lambda: not any(self._unfinished()), QUIET_WITHIN_S)
        at_rest = at_rest and await self._until(lambda: self._look().is_quiet(), PATIENCE_S)
        await asyncio.sleep(AFTERWARDS_S)
        verdict = self._look()
        wrong = [] if at_rest else [f"they do not come to rest: {', '.join(self._unfinished())}"]
        wrong += [*verdict.sentences(), *self._forgotten]
        for process in self._processes:
            if not process.runs:
                wrong.append(f"{process.name} ended by itself: {process.log.read_text()[-2000:]}")
            elif status := await process.stop():
                wrong.append(f"SIGTERM ended {process.name} with status {status}")
            await process.bury()
        for kind in (_BOT, "worker"):
            await self._start(kind)
        await asyncio.sleep(AFTERWARDS_S)
        if self._look().traces() != verdict.traces():
            wrong.append("started with nothing to do, they did something")
        return wrong + [f"an orphan outlived its parent: {command}" for command in self._orphans]

    def _unfinished(self) -> Iterator[str]:
        return (f"{job.id} {job.where}" for job in self._ledger.entries().values() if not job.has_ended)

    def _look(self) -> Verdict:
        return Verdict(self._worlds, self._ledger, self._poster.videos, self._work)
