"""How soon something is to be seen of a post, and the seconds of a job that are none of its work."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.bot import running_bot
from bench.model import TINY
from bench.recordings import reading
from bench.tables import Outcome, median_of, p99_of, table
from bench.watching import CHANNEL, Way, follow
from sandbox.server import Exchange, World
from sandbox.worlds import Worlds
from services.jobs.job import Stage

_STAGES = (Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING)
_CLIP = "reading"
_SOURCE_S, _SOURCE_QUICK_S = 10.0, 5.0
"""How long the site takes to send a video whose sound lasts 53 s."""
_SLOW = 2_000
"""Bytes a second: what is posted only to be noticed is not to be finished."""
_SEEN_WITHIN_S = 60.0
_PAUSE_S = 1.0
"""Between two posts: Notion takes three requests a second, and a page costs two."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Milliseconds from a post to its first reaction, and to its page in Notion."""

    reaction: float
    page: float


@dataclass(frozen=True, slots=True)
class Job:
    """Seconds of one video's job."""

    first_words: float
    all: float
    overhead: float
    """In which it was in no stage of its work (Downloading, Transcribing, Uploading), and nothing was transferred."""
    overhead_strict: float
    """In which nothing was transferred or transcribed: what runs before and after a transfer counts too."""


async def measure(*, quick: bool) -> Outcome:
    """Five runs of thirty posts, and six videos, the first with a cold model; `quick`: one of ten, two videos."""
    source_s = _SOURCE_QUICK_S if quick else _SOURCE_S
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            async with running_bot(worlds, **TINY.settings()):
                videos = await _videos(worlds, 2 if quick else 6, source_s)
            worlds.site.wire.bytes_per_second = _SLOW
            async with running_bot(worlds, **TINY.settings()):
                posts = [await _posts(worlds, run, 10 if quick else 30) for run in range(1 if quick else 5)]
    return _outcome(posts, videos, source_s)


async def _videos(worlds: Worlds, count: int, source_s: float) -> list[Job]:
    """Post videos one after the other: each has the bot for itself."""
    sound = reading(worlds.clips, _CLIP, 1)
    size = sound.stat().st_size + sound.with_name(f"{_CLIP}-720.mp4").stat().st_size
    worlds.site.wire.bytes_per_second = size / source_s
    jobs = []
    for number in range(count):
        video = worlds.site.add_youtube(f"bench{number:06}", clip=_CLIP, title=f"Reading {number}")
        jobs.append(_job(await follow(worlds, f"https://www.youtube.com/watch?v={video.id}")))
    return jobs


def _job(way: Way) -> Job:
    return Job(
        first_words=(way.first_words_at or way.page_complete_at) - way.posted_at,
        all=way.seconds,
        overhead=way.outside([*way.spans(*_STAGES), *way.transfers]),
        overhead_strict=way.outside([*way.spans(Stage.TRANSCRIBING), *way.transfers]),
    )


async def _posts(worlds: Worlds, run: int, count: int) -> list[Seen]:
    """Post links one after the other, as people do: each when the last one was noticed."""
    seen = []
    for number in range(count):
        await asyncio.sleep(_PAUSE_S)
        marks = len(worlds.discord.exchanges), len(worlds.notion.exchanges)
        posted_at = asyncio.get_running_loop().time()
        message = worlds.discord.post(CHANNEL, f"{worlds.site.clip_url('jfk.mp4')}?run={run}&number={number}")["id"]
        reaction, page = await asyncio.gather(
            _answered(worlds.discord, marks[0], partial(_is_reaction, message)),
            _answered(worlds.notion, marks[1], partial(_is_new_page, message)),
        )
        seen.append(Seen((reaction - posted_at) * 1000, (page - posted_at) * 1000))
    return seen


async def _answered(world: World, mark: int, is_meant: Callable[[Exchange], bool]) -> float:
    """Return when the first such request after a mark was answered, by the loop's clock."""

    def moments() -> list[float]:
        return [one.answered_at for one in world.exchanges[mark:] if one.answered_at and is_meant(one)]

    await world.until(lambda: bool(moments()), _SEEN_WITHIN_S)
    return moments()[0]


def _is_reaction(message: str, exchange: Exchange) -> bool:
    return exchange.method == "PUT" and f"/messages/{message}/reactions/" in exchange.path and exchange.status < 300


def _is_new_page(message: str, exchange: Exchange) -> bool:
    is_new = (exchange.method, exchange.path, exchange.status) == ("POST", "/v1/pages", 200)
    return is_new and message in json.dumps(exchange.body)


def _outcome(posts: Sequence[Sequence[Seen]], videos: Sequence[Job], source_s: float) -> Outcome:
    reactions, pages = ([[getattr(seen, name) for seen in run] for run in posts] for name in ("reaction", "page"))
    cold, *warm = videos
    rows = [
        ["first words", median(job.first_words for job in warm), cold.first_words],
        ["the complete page", median(job.all for job in warm), cold.all],
        ["outside download, transcription and upload", median(job.overhead for job in warm), cold.overhead],
        ["outside transfers and transcription", median(job.overhead_strict for job in warm), cold.overhead_strict],
    ]
    return Outcome(
        tables=[
            table(
                f"From a post to what is seen of it: milliseconds, medians of {len(posts)} runs of {len(posts[0])}",
                ("seen", "median", "p99"),
                [
                    ["the first reaction", median_of(reactions), p99_of(reactions)],
                    ["its page in Notion", median_of(pages), p99_of(pages)],
                ],
            ),
            table(
                f"A video of 53 s whose download takes {source_s:.0f} s: seconds, median of {len(warm)} "
                "(words: the transcription's first progress in the ledger, which has it once a second)",
                ("from the post to", "model warm", "model cold"),
                rows,
            ),
        ],
        results={
            "first_reaction_p99_ms": p99_of(reactions),
            "page_p99_ms": p99_of(pages),
            "first_words_s": median(job.first_words for job in warm),
            "overhead_s": median(job.overhead for job in warm),
            "overhead_strict_s": median(job.overhead_strict for job in warm),
        },
        raw={"posts": [[asdict(seen) for seen in run] for run in posts], "videos": [asdict(job) for job in videos]},
    )
