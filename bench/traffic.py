"""The requests of one job to Discord, Notion and Drive, by kind, and why each of them is needed."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from bench.bot import running_bot
from bench.model import TINY
from bench.reasons import KINDS, UNEXPLAINED, Kind, kind_of
from bench.tables import Outcome
from bench.watching import CHANNEL, job_of
from sandbox.discord.objects import Json
from sandbox.media import clip
from sandbox.worlds import Worlds

_SETTLED_S = 4.0
"""What a start asks is no job's; and a job's last reports come when it has ended."""
_WITHIN_S = 120.0
_CLIP = "jfk"

Counts = Mapping[Kind, int]


async def measure(*, quick: bool) -> Outcome:  # noqa: ARG001 (what is counted needs no second run)
    """One job of each sort, each in a bot that has nothing else to do; the first one also asks what is asked once."""
    seen: dict[str, Counts] = {}
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        async with Worlds(Path(folder)) as worlds:
            video = clip(worlds.clips, f"{_CLIP}.mp4").read_bytes()
            for video_id in ("firstvideo0", "secondvideo", "thirdvideo0"):
                worlds.site.add_youtube(video_id, clip=_CLIP, title=video_id)
            async with running_bot(worlds, **TINY.settings()):
                await asyncio.sleep(_SETTLED_S)
                post = worlds.discord.post
                seen["first after a start"] = await _count(worlds, post(CHANNEL, "https://youtu.be/firstvideo0"))
                seen["link"] = await _count(worlds, post(CHANNEL, "https://youtu.be/secondvideo"))
                attachment = [("talk.mp4", video, "video/mp4")]
                seen["attachment"] = await _count(worlds, post(CHANNEL, files=attachment))
                elsewhere = post("market-outlook", "https://youtu.be/thirdvideo0")
                seen["link in a channel of new pages"] = await _count(worlds, elsewhere)
    return outcome(seen)


async def _count(worlds: Worlds, message: Json) -> Counts:
    services = (worlds.discord, worlds.notion, worlds.drive)
    before = [len(world.exchanges) for world in services]
    async with asyncio.timeout(_WITHIN_S):
        while not ((job := job_of(worlds, message["id"])) and job.has_ended):  # noqa: ASYNC110 (a file tells nobody)
            await asyncio.sleep(0.1)
    await asyncio.sleep(_SETTLED_S)
    made = [(world.name, one) for world, start in zip(services, before, strict=True) for one in world.exchanges[start:]]
    return Counter(kind_of(name, one.method, one.path) for name, one in made)


def outcome(seen: Mapping[str, Counts]) -> Outcome:
    """Return the table of the requests of each sort of job, by kind."""
    met = {kind for counts in seen.values() for kind in counts}
    unexplained = sorted((kind for kind in met if kind.why == UNEXPLAINED), key=lambda kind: (kind.service, kind.path))
    kinds = [*(kind for kind in KINDS if kind in met), *unexplained]
    table = Table(title="Requests of one job", title_justify="left", show_lines=False)
    for column in ("request", *seen):
        table.add_column(column, justify="left" if column == "request" else "right")
    table.add_column("why")
    for kind in kinds:
        name = f"{kind.service.capitalize()} {kind.method} {kind.path.removeprefix('/api/v10')}"
        table.add_row(name, *(str(counts.get(kind, 0)) for counts in seen.values()), kind.why)
    for service in ("discord", "notion", "drive"):
        totals = [sum(count for kind, count in counts.items() if kind.service == service) for counts in seen.values()]
        table.add_row(f"{service.capitalize()}, all", *map(str, totals))
    raw = {
        sort: {f"{kind.service} {kind.method} {kind.path}": count for kind, count in counts.items()}
        for sort, counts in seen.items()
    }
    faults = [f"A kind of request that nobody explained: {one.service} {one.method} {one.path}" for one in unexplained]
    return Outcome([table], results=_results(seen["link"]), raw=raw, faults=faults)


def _results(counts: Counts) -> dict[str, float]:
    """Return a link's requests, by service."""
    services = Counter[str]()
    for kind, count in counts.items():
        services[kind.service] += count
    return {f"{service}_requests_of_a_link": float(count) for service, count in services.items()}
