"""Where the bot is killed: each moment is waited for, or made by the world that the bot is just talking to."""

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from aiohttp import web

from sandbox.server import Fault, World
from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.chaos.ledger import Entry, Ledger
from tests.e2e.chaos.posts import Kind

LOOK_EVERY_S = 0.002
STAGES = ("Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete")
LOST = 499
"""The status of a request whose connection a world dropped."""
CHUNK_BYTES = 2**20
"""Of a request that is large enough to be hit in its middle."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a moment can see."""

    worlds: Worlds
    bot: BotProcess
    ledger: Ledger
    work: Path
    chance: random.Random

    async def until(self, condition: Callable[[], object]) -> None:
        while not condition():
            await asyncio.sleep(LOOK_EVERY_S)


Strike = Callable[[Scene], Awaitable[None]]
"""Returns at the moment, or after it has killed the bot at it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One place to kill, which a video of one of `kinds` comes to in `stage`; None: when the bot notices it."""

    family: str
    name: str
    strike: Strike
    stage: str | None = None
    kinds: tuple[Kind, ...] = tuple(Kind)

    def __str__(self) -> str:
        return f"{self.family}: {self.name}" if self.name else self.family

    def is_ahead_of(self, job: Entry | None) -> bool:
        """Whether a job, None where the bot has not noticed the video yet, can still come to this moment."""
        if job is None or self.stage is None:
            return job is None
        return not job.has_ended and STAGES.index(job.stage or STAGES[0]) <= STAGES.index(self.stage)


class _Chunk(Fault):
    """Of the requests that bring a file's bytes: the last one, or one before it."""

    last = True

    def matches(self, request: web.Request) -> bool:
        found = re.fullmatch(r"bytes \d+-(\d+)/(\d+)", request.headers.get("Content-Range", ""))
        return found is not None and (int(found[1]) + 1 == int(found[2])) is self.last and super().matches(request)


class _MiddleChunk(_Chunk):
    last = False


def every_moment() -> Iterator[Moment]:
    """Yield all moments but the random instants, each once."""
    yield Moment("boundary", "noticed", _more(lambda _: 1))
    for stage in STAGES:
        yield Moment("boundary", f"{stage} begun", _more(partial(Entry.begun, stage=stage)), stage)
        yield Moment("boundary", f"{stage} done", _more(partial(Entry.finished, stage=stage)), stage)
    yield Moment("boundary", "recorded as succeeded", _more(lambda job: job.status == "succeeded"), "Complete")

    in_links = (Kind.YOUTUBE, Kind.LINK, Kind.PAIR, Kind.OUTLOOK, Kind.BIG_LINK)
    yield Moment("download bytes", "of a link", _in_bytes(0.5, attached=False), "Downloading", in_links)
    yield Moment(
        "download bytes", "of an attachment", _in_bytes(0.01, attached=True), "Downloading", (Kind.BIG_ATTACHMENT,)
    )
    yield Moment("transcription", "between two segments", _between_segments, "Transcribing", (Kind.SPEECH,))
    yield Moment("transcription", "model at work", _at_work, "Transcribing", (Kind.SPEECH,))

    big, upload = (Kind.BIG_LINK, Kind.BIG_ATTACHMENT), "Uploading to Drive"
    yield Moment("upload chunk", "its bytes under way", _in_chunk, upload, big)
    yield Moment("upload chunk", "sent, and lost", _at("drive", _MiddleChunk("PUT", "^/upload")), upload, big)
    yield Moment(
        "upload chunk", "stored, not answered", _at("drive", _MiddleChunk("PUT", "^/upload", before=False)), upload, big
    )

    def effect(name: str, world: str, fault: Fault, stage: str, *kinds: Kind) -> Moment:
        return Moment("between effect and record", name, _at(world, fault), stage, kinds or tuple(Kind))

    page = Fault("POST", "^/v1/pages$", before=False)
    yield effect("page opened", "notion", page, "Processing", *(set(Kind) - {Kind.OUTLOOK}))
    yield effect("page made at the end", "notion", page, "Complete", Kind.OUTLOOK)
    yield effect("page written to", "notion", Fault("PATCH", "^/v1/pages/", before=False), "Complete")
    yield effect("folder made", "drive", Fault("POST", "^/drive/v3/files$", before=False), upload)
    yield effect("upload session opened", "drive", Fault("POST", "^/upload", before=False), upload)
    yield effect("file made", "drive", _Chunk("PUT", "^/upload", before=False), upload)
    yield effect("reply sent", "discord", Fault("POST", "/messages$", before=False), "Complete")
    yield effect("reaction set", "discord", Fault("PUT", "/reactions/", before=False), "Complete")


def random_instant(within_s: float) -> Moment:
    """Return a moment in the bot's first `within_s` seconds."""

    async def strike(scene: Scene) -> None:
        await asyncio.sleep(scene.chance.uniform(0, within_s))

    return Moment("random instant", "", strike)


def unanswered(world: World, since: float) -> list[str]:
    """Return the requests since a time that got no answer, the gateway's connection aside: `drive PUT /upload/...`."""
    return [
        f"{world.name} {one.method} {one.path}"
        for one in world.exchanges[-100:]
        if one.at >= since and one.status in (0, LOST) and one.path != "/"
    ]


def _more(count: Callable[[Entry], int]) -> Strike:
    """Strike as soon as `count`, summed up over all jobs, has grown."""

    async def strike(scene: Scene) -> None:
        def total() -> int:
            return sum(count(job) for job in scene.ledger.entries().values())

        before = total()
        await scene.until(lambda: total() > before)

    return strike


def _at(world_name: str, template: Fault) -> Strike:
    """Strike from within the world, at a request that it has or has not done, but not answered."""

    async def strike(scene: Scene) -> None:
        world: World = getattr(scene.worlds, world_name)
        fault = replace(template, meanwhile=scene.bot.kill)
        world.faults.append(fault)
        try:
            await scene.until(lambda: not fault.times and not scene.bot.runs)
        finally:
            world.faults.remove(fault)

    return strike


def _in_bytes(longest_s: float, *, attached: bool) -> Strike:
    """Strike when a part of a linked or an attached video has come to the bot's disk, or up to `longest_s` later."""

    async def strike(scene: Scene) -> None:
        def parts() -> dict[Path, int]:
            jobs = scene.ledger.entries()
            found = [part for part in scene.work.glob("*/*.part") if part.parent.name in jobs]
            return {part: _size(part) for part in found if jobs[part.parent.name].video_id.isdigit() is attached}

        before = parts()
        await scene.until(lambda: any(size > before.get(part, 0) for part, size in parts().items()))
        await asyncio.sleep(scene.chance.uniform(0, longest_s))

    return strike


async def _between_segments(scene: Scene) -> None:
    def under_way() -> bool:
        jobs = scene.ledger.entries().values()
        return any(job.stage == "Transcribing" and 0 < (job.progress or 0) < 1 for job in jobs)

    await scene.until(under_way)


async def _at_work(scene: Scene) -> None:
    """Strike while the model, which is loaded within a second, listens."""

    def transcribing() -> bool:
        return any(job.runs and job.runs[-1].stage == "Transcribing" and not job.runs[-1].ended_at for job in jobs())

    def jobs() -> Iterable[Entry]:
        return scene.ledger.entries().values()

    while not transcribing():
        await scene.until(transcribing)
        await asyncio.sleep(scene.chance.uniform(1, 2))


async def _in_chunk(scene: Scene) -> None:
    def under_way() -> bool:
        coming = (one for one in scene.worlds.drive.exchanges[-10:] if one.method == "PUT" and not one.status)
        return any(len(one.body) >= CHUNK_BYTES for one in coming)

    await scene.until(under_way)
    await asyncio.sleep(scene.chance.uniform(0.05, 0.3))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:  # renamed meanwhile
        return 0
