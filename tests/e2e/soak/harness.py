"""A flood of short videos by many people, faults all the time, a few kills: then the worlds give their verdict."""

import asyncio
import math
import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.chaos.ledger import Ledger
from tests.e2e.chaos.posts import Kind, Poster
from tests.e2e.chaos.verdict import Verdict
from tests.e2e.soak.faults import Weather
from tests.e2e.soak.gauges import Lags, grown, quarters, rss_mb
from tests.e2e.soak.probed_bot import FOLDER

POSTERS = 12
KINDS = (Kind.LINK, Kind.YOUTUBE, Kind.ATTACHMENT, Kind.PAIR, Kind.OUTLOOK, Kind.OUTLOOK)
"""Half of the videos or so go to the channel that costs Notion one request each: it takes three a second."""
SETTINGS = {"WORKERS": "6", "MAX_PER_POSTER": "1000", "MAX_PER_MINUTE": "1000", "MAX_ATTEMPTS": "10"}
"""Limits that let a flood in, and as many tries as a storm of faults may take."""
CONNECTED_WITHIN_S = 60.0
STUCK_AFTER_S = 1500.0
"""Without the end of any video: a fourth try waits for twelve minutes at most."""
STORM_UNTIL = 0.98
"""No more faults once this share of the videos is done, or the last ones' waits would make the run an hour longer."""
LOOK_EVERY_S = 1.0
TOLD_EVERY_S = 15.0
KILLED_BY = 0.2
"""All kills come before this share of the videos is done: the longest life is the one whose memory is compared."""


class Soak:
    """One run over worlds of its own. `say` gets lines for people."""

    def __init__(self, worlds: Worlds, seed: int, say: Callable[[str], None], *, is_long: bool = True) -> None:
        self._worlds = worlds
        self._say = say
        self._is_long = is_long
        self._chance = random.Random(seed)  # noqa: S311 (for play)
        self._lags = worlds.folder / "lags"
        self._lags.mkdir()
        self._bot = BotProcess(worlds, SETTINGS | {FOLDER: str(self._lags)}, "tests.e2e.soak.probed_bot")
        self._poster = Poster(worlds)
        self._data = Path(worlds.settings()["DATA_DIR"])
        self._ledger = Ledger(self._data)
        self._weather = Weather(worlds, self._chance)
        self._samples: list[tuple[float, float]] = []
        self._wrong: list[str] = []
        self._begun = 0.0

    async def run(self, videos: int, kills: int) -> list[str]:
        """Post so many videos at least, kill the bot so often. Return what is wrong in the end.

        Raises:
            BotDiedError: the bot ended by itself.
            TimeoutError: it does not connect, or nothing comes to an end any more.
        """
        with closing(self._ledger):
            weather = asyncio.create_task(asyncio.sleep(0))
            try:
                await self._begin()
                weather = asyncio.create_task(self._weather.blow())
                await asyncio.gather(self._post(videos), self._watch(videos, kills, weather))
                return await self._verdict()
            finally:
                weather.cancel()
                await self._bot.kill()
                await self._bot.bury()

    def figures(self) -> str:
        """Return what was measured, for people."""
        lags = Lags.of(self._lags.glob("*.json"))
        memory = ", ".join(f"{size:.0f}" for size in quarters(self._samples))
        shares = ", ".join(f"p{share * 100:g} {lags.percentile(share):g} ms" for share in (0.5, 0.9, 0.99, 0.999))
        return (
            f"{len(self._poster.videos)} videos in {self._seconds:.0f} s, {self._weather.met} faults met of "
            f"{len(self._weather.thrown)}\nRSS of the bot by quarters: {memory} MB\nLag of its event loop: {shares}\n"
            f"{lags.table()}"
        )

    @property
    def _seconds(self) -> float:
        return asyncio.get_running_loop().time() - self._begun

    async def _begin(self) -> None:
        """Let the bot see both channels for the first time: what was said before is none of its business."""
        self._begun = asyncio.get_running_loop().time()
        await self._bot.start()
        await self._connected()
        for kind in (Kind.LINK, Kind.OUTLOOK):
            self._poster.post(kind)
        async with asyncio.timeout(CONNECTED_WITHIN_S):
            while len(self._ledger.entries()) < len(self._poster.videos):
                await asyncio.sleep(0.1)

    async def _post(self, videos: int) -> None:
        """Post as fast as the gateway hands it on."""
        people = [self._worlds.discord.add_member(f"Poster {number}") for number in range(POSTERS)]
        while len(self._poster.videos) < videos:
            self._poster.post(self._chance.choice(KINDS), self._chance.choice(people))
            await asyncio.sleep(0.01)

    async def _watch(self, videos: int, kills: int, weather: asyncio.Task[None]) -> None:
        """Look after the bot until all is done and told, and kill it when its moments come."""
        moments = sorted(math.ceil(self._chance.uniform(0.02, KILLED_BY) * videos) for _ in range(kills))
        done, last_end, told = 0, self._seconds, 0.0
        while done < videos or not self._look().is_quiet():
            await asyncio.sleep(LOOK_EVERY_S)
            if not self._bot.runs:
                await self._bot.death()
            if size := rss_mb(self._bot.pid):
                self._samples.append((self._seconds, size))
            ended = sum(job.has_ended for job in self._ledger.entries().values())
            if ended > done:
                done, last_end = ended, self._seconds
            if done >= STORM_UNTIL * videos:
                weather.cancel()
            if self._seconds - last_end > STUCK_AFTER_S:
                raise TimeoutError(f"no video has come to its end for {STUCK_AFTER_S:.0f} s; {done} had")
            if moments and done >= moments[0]:
                moments.pop(0)
                await self._kill(done)
            if self._seconds - told >= TOLD_EVERY_S:
                told = self._seconds
                self._tell(done)

    async def _kill(self, done: int) -> None:
        await self._bot.kill()
        await self._bot.bury()
        self._wrong += self._ledger.forgotten()
        self._say(f"{self._seconds:6.0f} s  SIGKILL with {done} done")
        await self._bot.start()
        await self._connected()

    async def _connected(self) -> None:
        await self._worlds.discord.until(lambda: self._worlds.discord.connected, within=CONNECTED_WITHIN_S)

    def _tell(self, done: int) -> None:
        memory = f"{self._samples[-1][1]:.0f} MB" if self._samples else "?"
        self._say(
            f"{self._seconds:6.0f} s  {done} of {len(self._poster.videos)} done, {self._weather.met} faults, {memory}"
        )

    async def _verdict(self) -> list[str]:
        self._say(self.figures())
        verdict = self._look()
        wrong = [*self._wrong, *verdict.sentences()]
        if status := await self._bot.stop():
            wrong.append(f"SIGTERM ended the bot with status {status}")
        await self._bot.bury()
        wrong += [f"an orphan outlived its bot: {command}" for command in self._bot.orphans]
        if self._is_long:  # a short run is the bot's warming up
            wrong += grown(self._samples)
        return [*wrong, *Lags.of(self._lags.glob("*.json")).wrong()]

    def _look(self) -> Verdict:
        return Verdict(self._worlds, self._ledger, self._poster.videos, self._data / "work")
