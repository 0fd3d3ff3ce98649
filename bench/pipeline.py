"""The whole pipeline against a plain script of the same libraries, over a source that is slow, slower and slowest."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.bot import running_bot
from bench.model import BASE, COMPUTE_TYPE
from bench.recordings import story
from bench.script import ScriptTimes, run_script
from bench.tables import Outcome, table
from bench.watching import follow
from sandbox.worlds import Worlds

_PACES = {"half": 0.5, "one": 1.0, "two": 2.0}
"""The download's time, as a multiple of that of the bot's transcription: of the script's, which is over twice as long,
nothing could be twice as fast as the script at 1."""
_FREE_S = 3.0
"""What a job may take beside 1.10 x its slowest part."""
_QUICK_S = 20.0
"""Of the speech, in the quick form."""
_APART_S = 1.0
"""From the script's last request to Notion to the bot's first: they share its limit of three a second."""
_CLIP = "story"


@dataclass(frozen=True, slots=True)
class Race:
    """One video through both, at one pace of the source; all figures are seconds."""

    pace: str
    download: float
    """The transfer alone, as the site saw it while the script did nothing else."""
    transcription: float
    """The bot's own, of the same sound, while it did nothing else."""
    upload: float
    """The script's."""
    bot: float
    """From the post to the complete page."""
    script: ScriptTimes

    @property
    def slowest(self) -> float:
        return max(self.download, self.transcription, self.upload)

    @property
    def over_slowest(self) -> float:
        return self.bot / self.slowest

    @property
    def speedup(self) -> float:
        return self.script.work / self.bot


async def measure(*, quick: bool) -> Outcome:
    """Five runs of all paces over 309 s of speech, the script and the bot by turns; `quick`: one, over its first 20."""
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            track = Track(worlds, at_most_s=_QUICK_S if quick else None)
            async with running_bot(worlds, **BASE.settings()):
                if not quick:  # else the measured transcription loads the model, before its clock runs
                    await track.warm_up()
                races = [race for number in range(1 if quick else 5) for race in await track.run(number)]
    return _outcome(races)


class Track:
    """The worlds in which both run, and the video: the English speech of the recognisers' table, or its beginning."""

    def __init__(self, worlds: Worlds, *, at_most_s: float | None) -> None:
        self._worlds = worlds
        self._sound = story(worlds.clips, _CLIP, at_most_s=at_most_s)
        self._bytes = self._sound.stat().st_size + self._sound.with_name(f"{_CLIP}-720.mp4").stat().st_size
        self._videos = 0

    async def warm_up(self) -> None:
        """Let both do the video once, with a fast source."""
        await run_script(self._worlds, self._next_video(), BASE.folder())
        await asyncio.sleep(_APART_S)
        await follow(self._worlds, self._next_video())

    async def run(self, number: int) -> list[Race]:
        """Return one race at each pace; who begins changes from run to run."""
        transcription = await self._transcription()
        races = []
        for pace, factor in _PACES.items():
            self._worlds.site.wire.bytes_per_second = self._bytes / (factor * transcription)
            bot = (await follow(self._worlds, self._next_video())).seconds if number % 2 else None
            mark = time.monotonic()
            script = await run_script(self._worlds, self._next_video(), BASE.folder())
            download = self._transfer(mark)
            await asyncio.sleep(_APART_S)
            if bot is None:
                bot = (await follow(self._worlds, self._next_video())).seconds
            races.append(Race(pace, download, transcription, script.upload, bot, script))
        self._worlds.site.wire.bytes_per_second = None
        return races

    async def _transcription(self) -> float:
        """Return the seconds that the bot transcribes the sound alone, from a fast source."""
        self._videos += 1
        link = f"{self._worlds.site.clip_url(self._sound.name)}?number={self._videos}"
        return (await follow(self._worlds, link)).transcription_s

    def _next_video(self) -> str:
        """Return the link of the same video under an id of its own: a repost would be answered from the first."""
        self._videos += 1
        video = self._worlds.site.add_youtube(f"bench{self._videos:06}", clip=_CLIP, title=f"Story {self._videos}")
        return f"https://www.youtube.com/watch?v={video.id}"

    def _transfer(self, since: float) -> float:
        sent = [one for one in self._worlds.site.exchanges if one.at >= since and one.path.startswith("/clips/")]
        return max(one.answered_at or one.at for one in sent) - min(one.at for one in sent)


def _outcome(races: Sequence[Race]) -> Outcome:
    by_pace = {pace: [race for race in races if race.pace == pace] for pace in _PACES}
    rows = [_row(pace, of_pace) for pace, of_pace in by_pace.items()]
    title = (
        f"A video through the bot and a plain script ({BASE.name}, {COMPUTE_TYPE}): seconds, medians of "
        f"{len(races) // len(_PACES)}; the source takes n x the bot's transcription"
    )
    columns = (
        *("source", "download", "transcription: bot", "script", "upload", "bot: all", "script: all", "its start"),
        *("bot / slowest part", "at most", "script / bot"),
    )
    ratios = {pace: [race.over_slowest for race in of_pace] for pace, of_pace in by_pace.items()}
    speedups = {pace: [race.speedup for race in of_pace] for pace, of_pace in by_pace.items()}
    return Outcome(
        tables=[table(title, columns, rows)],
        results={
            **{f"pipeline_wall_over_slowest_{pace}": median(figures) for pace, figures in ratios.items()},
            **{f"pipeline_speedup_{pace}": median(figures) for pace, figures in speedups.items()},
        },
        raw=[asdict(race) for race in races],
    )


def _row(pace: str, races: Sequence[Race]) -> list[object]:
    seconds = (
        median(race.download for race in races),
        median(race.transcription for race in races),
        median(race.script.transcription for race in races),
        median(race.upload for race in races),
        median(race.bot for race in races),
        median(race.script.work for race in races),
        median(race.script.start for race in races),
    )
    ratio, limit = (median(figures) for figures in zip(*((r.over_slowest, _limit(r)) for r in races), strict=True))
    return [
        f"{_PACES[pace]:g} x",
        *seconds,
        f"{ratio:.2f}",
        f"{limit:.2f}",
        f"{median(race.speedup for race in races):.2f}",
    ]


def _limit(race: Race) -> float:
    """Return what `over_slowest` may be."""
    return 1.10 + _FREE_S / race.slowest
