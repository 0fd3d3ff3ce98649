"""The memory of the bot: idle, and with all its children while it works on ten minutes, and on ten hours."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.bot import running_bot
from bench.model import TINY
from bench.processes import Memory, Peak, memory_of, watched
from bench.recordings import meeting
from bench.tables import Outcome, table
from bench.watching import follow
from sandbox.worlds import Worlds

_PARTS = {"ten_minutes": 1, "ten_hours": 60}
"""Recordings by how many times ten minutes they last."""
_SETTLED_S = 5.0
_PATIENT = {"STALL_TIMEOUT_S": "3000"}
"""It is the memory that is measured, on a machine that may be busy."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One start of the bot, and one recording."""

    idle: Memory
    """Five seconds after the start, before any job."""
    peak: Peak
    seconds: float
    """From the post to the complete page."""


async def measure(*, quick: bool) -> Outcome:
    """Each recording in a bot of its own. `quick`: ten minutes alone.

    Of ten minutes 53 s are speech, the rest is silence: else ten hours would take most of an hour.
    """
    return _outcome({name: await _run(name) for name in (["ten_minutes"] if quick else _PARTS)})


async def _run(name: str) -> Seen:
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            recording = await asyncio.to_thread(meeting, worlds.clips, name, parts=_PARTS[name])
            async with running_bot(worlds, **TINY.settings(), **_PATIENT) as bot:
                await asyncio.sleep(_SETTLED_S)
                idle = memory_of(bot.pid)
                async with watched(bot) as peak:
                    way = await follow(worlds, worlds.site.clip_url(recording.name))
    return Seen(idle, peak, way.seconds)


def _outcome(seen: Mapping[str, Seen]) -> Outcome:
    idle = Memory(median(one.idle.rss for one in seen.values()), median(one.idle.pss for one in seen.values()))
    rows: list[Sequence[object]] = [["the idle bot, no model loaded", idle.rss, idle.pss, "", ""]]
    for name, one in seen.items():
        peak = one.peak
        rows.append([name.replace("_", " "), peak.memory.rss, peak.memory.pss, peak.child.rss, one.seconds])
    columns = ("the bot and its children", "RSS, summed", "PSS", "RSS of the largest child", "seconds")
    results = {f"rss_{name}_mb": one.peak.memory.rss for name, one in seen.items()}
    raw: dict[str, Any] = {name: asdict(one) for name, one in seen.items()}
    title = "Memory: megabytes, peaks of a look every half second; recordings with 53 s of speech in every ten minutes"
    return Outcome(tables=[table(title, columns, rows)], results={"rss_idle_mb": idle.rss, **results}, raw=raw)
