"""Kills the bot again and again while it works, lets it finish, and asks worlds and ledger for the verdict."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.chaos.ledger import Entry, Ledger
from tests.e2e.chaos.moments import Moment, Scene, every_moment, random_instant, unanswered
from tests.e2e.chaos.posts import Kind, Poster
from tests.e2e.chaos.verdict import Verdict

PATIENCE_S = 60.0
"""How long a moment is waited for before the bot is killed all the same."""
TRIES = 3
"""How often a moment is waited for that does not come."""
QUIET_WITHIN_S = 300.0
AFTERWARDS_S = 5.0
"""How long the bot is watched at the end, started once more with nothing to do."""
AT_ONCE = 2
"""There are always this many videos on their way."""


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill, as it is printed."""

    moment: Moment
    reached: bool
    """False where the moment did not come in time."""
    lived_s: float
    jobs: str
    requests: str

    def __str__(self) -> str:
        missed = "" if self.reached else " NOT REACHED"
        return (
            f"{self.lived_s:5.1f} s  {self.moment}{missed} | {self.jobs or 'no job'} | {self.requests or 'no request'}"
        )


class Chaos:
    """One run over worlds of its own. `say` gets a line for each kill."""

    def __init__(self, worlds: Worlds, seed: int, say: Callable[[str], None]) -> None:
        self.kills: list[Kill] = []
        self._say = say
        self._chance = random.Random(seed)  # noqa: S311 (for play)
        self._worlds = worlds
        self._bot = BotProcess(worlds)
        self._poster = Poster(worlds)
        folder = Path(worlds.settings()["DATA_DIR"])
        self._ledger = Ledger(folder)
        self._scene = Scene(worlds, self._bot, self._ledger, folder / "work", self._chance)
        self._forgotten: list[str] = []

    @property
    def hits(self) -> Counter[str]:
        """How many kills hit each family of moments."""
        return Counter(kill.moment.family for kill in self.kills if kill.reached)

    def table(self) -> str:
        """Return how many kills hit each moment, a line each."""
        hits = Counter(str(kill.moment) for kill in self.kills if kill.reached)
        return "\n".join(f"{count:4} x {name}" for name, count in sorted(hits.items()))

    async def run(self, kills: int) -> list[str]:
        """Kill the bot `kills` times, and again for each moment that was missed. Return what is wrong in the end.

        Raises:
            BotDiedError: the bot ended by itself.
            TimeoutError: it does not connect.
        """
        with closing(self._ledger):
            try:
                await self._notice_first_videos()
                moments = schedule(kills, self._chance)
                for moment in moments:  # those that are missed come again
                    kill = await self._kill_at(moment)
                    self.kills.append(kill)
                    self._say(f"{len(self.kills):4} {kill}")
                    if not kill.reached and self._misses(moment) < TRIES:
                        moments.append(moment)
                return await self._verdict()
            finally:
                await self._bot.kill()
                await self._bot.bury()

    async def _notice_first_videos(self) -> None:
        """Let the bot see its channels for the first time: what was said before is none of its business."""
        posted = (Kind.LINK, Kind.OUTLOOK)
        await self._bot.start()
        await self._while_it_runs(self._connected(), PATIENCE_S)
        for kind in posted:
            self._poster.post(kind)
        await self._while_it_runs(self._scene.until(lambda: len(self._ledger.entries()) == len(posted)), PATIENCE_S)
        await self._bot.kill()
        await self._bot.bury()

    async def _kill_at(self, moment: Moment) -> Kill:
        """Start the bot, give it work before or after it has connected, and kill it at the moment."""
        post_first = self._chance.random() < 0.5
        if post_first:
            self._supply(moment)
        begun = asyncio.get_running_loop().time()
        await self._bot.start()
        striking = asyncio.create_task(self._while_it_runs(moment.strike(self._scene), PATIENCE_S))
        if not post_first:
            await self._while_it_runs(self._connected(), PATIENCE_S)
            self._supply(moment)
        reached = await striking
        lived = asyncio.get_running_loop().time() - begun
        requests = [one for world in self._worlds.all for one in unanswered(world, begun)]
        await self._bot.kill()
        await self._bot.bury()
        self._forgotten += self._ledger.forgotten()
        return Kill(moment, reached, lived, "; ".join(self._jobs()), ", ".join(requests))

    def _supply(self, moment: Moment) -> None:
        """Post a video that can come to the moment, if none is on its way there, and never let the bot be idle.

        A long speech, which keeps a worker busy for longer than the bot lives, is posted only where it is needed.
        """
        jobs = self._by_video()
        coming = [
            video for video in self._poster.videos if moment.is_ahead_of(jobs.get((video.message_id, video.video_id)))
        ]
        if not any(video.kind in moment.kinds for video in coming):
            self._poster.post(self._chance.choice(moment.kinds))
        unfinished = len(self._poster.videos) - sum(job.has_ended for job in jobs.values())
        for _ in range(AT_ONCE - unfinished):
            self._poster.post(self._chance.choice([kind for kind in Kind if kind is not Kind.SPEECH]))

    def _by_video(self) -> dict[tuple[str, str], Entry]:
        return {(job.message_id, job.video_id): job for job in self._ledger.entries().values()}

    def _jobs(self) -> Iterator[str]:
        """Yield where each unfinished video is, for people."""
        jobs = self._by_video()
        for video in self._poster.videos:
            job = jobs.get((video.message_id, video.video_id))
            if job is None or not job.has_ended:
                yield f"{video.label} {job.where if job else 'not noticed'}"

    def _misses(self, moment: Moment) -> int:
        return sum(kill.moment is moment and not kill.reached for kill in self.kills)

    async def _connected(self) -> None:
        await self._worlds.discord.until(lambda: self._worlds.discord.connected, within=PATIENCE_S)

    async def _while_it_runs(self, waiting: Awaitable[object], within_s: float) -> bool:
        """Wait until something happens or the bot is killed; False: neither in time.

        Raises:
            BotDiedError: it ended by itself.
        """
        tasks = [asyncio.ensure_future(waiting), asyncio.ensure_future(self._bot.death())]
        try:
            done, _ = await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
            return bool(done)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _verdict(self) -> list[str]:
        """Let the bot finish, and return what is wrong."""
        await self._bot.start()
        at_rest = await self._while_it_runs(self._scene.until(lambda: self._look().is_quiet()), QUIET_WITHIN_S)
        await asyncio.sleep(AFTERWARDS_S)
        verdict = self._look()
        wrong = [] if at_rest else [f"the bot does not come to rest: {'; '.join(self._jobs())}"]
        wrong += [*verdict.sentences(), *self._forgotten]
        if status := await self._bot.stop():
            wrong.append(f"SIGTERM ended the bot with status {status}")
        await self._bot.bury()
        await self._bot.start()
        await asyncio.sleep(AFTERWARDS_S)
        if self._look().traces() != verdict.traces():
            wrong.append("started with nothing to do, the bot did something")
        wrong += [f"an orphan outlived its bot: {command}" for command in self._bot.orphans]
        missed = {kill.moment for kill in self.kills if self._misses(kill.moment) == TRIES}
        return wrong + [f"never reached: {moment}" for moment in missed]

    def _look(self) -> Verdict:
        return Verdict(self._worlds, self._ledger, self._poster.videos, self._scene.work)


def schedule(kills: int, chance: random.Random) -> list[Moment]:
    """Return two thirds of the kills spread evenly over all moments, and random instants; in random order."""
    moments = list(every_moment())
    certain = round(kills * 2 / 3)
    chosen = [moments[number * len(moments) // certain] for number in range(certain)]
    chosen += [random_instant(7.0) for _ in range(kills - certain)]
    chance.shuffle(chosen)
    return chosen
