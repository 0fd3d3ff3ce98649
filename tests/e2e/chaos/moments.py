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
BEFORE_UPLOADS = "Processing"
"""The last stage in which nothing of a video can be in Drive: its media go up while it is shown in later ones."""
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


class _LastChunk(Fault):
    """The request that brings a file's last bytes."""

    def matches(self, request: web.Request) -> bool:
        return _is_last(request) is True and super().matches(request)


class _MiddleChunk(Fault):
    """A request that brings others."""

    def matches(self, request: web.Request) -> bool:
        return _is_last(request) is False and super().matches(request)


def _is_last(request: web.Request) -> bool | None:
    """Return whether a request brings the last bytes of a file; None where it brings none."""
    found = re.fullmatch(r"bytes \d+-(\d+)/(\d+)", request.headers.get("Content-Range", ""))
    return found and int(found[1]) + 1 == int(found[2])


def every_moment() -> Iterator[Moment]:
    """Yield all moments but the random instants, each once."""
    yield from _boundaries()
    yield from _in_the_middle()
    yield from _upload_chunks()
    yield from _effects()


def _boundaries() -> Iterator[Moment]:
    yield Moment("boundary", "noticed", _more(lambda _: 1))
    for stage in STAGES:
        yield Moment("boundary", f"{stage} begun", _more(partial(Entry.begun, stage=stage)), stage)
        yield Moment("boundary", f"{stage} done", _more(partial(Entry.finished, stage=stage)), stage)
    yield Moment("boundary", "recorded as succeeded", _more(lambda job: job.status == "succeeded"), "Complete")


def _in_the_middle() -> Iterator[Moment]:
    from_links, attached = _in_bytes(0.5, attached=False), _in_bytes(0.01, attached=True)
    links = (Kind.YOUTUBE, Kind.LINK, Kind.PAIR, Kind.OUTLOOK, Kind.BIG_LINK)
    yield Moment("download bytes", "of a link", from_links, "Downloading", links)
    yield Moment("download bytes", "of an attachment", attached, "Downloading", (Kind.BIG_ATTACHMENT,))
    yield Moment("transcription", "between two segments", _between_segments, "Transcribing", (Kind.SPEECH,))
    yield Moment("transcription", "model at work", _at_work, "Transcribing", (Kind.SPEECH,))


def _upload_chunks() -> Iterator[Moment]:
    lost, stored = _MiddleChunk("PUT", "^/upload"), _MiddleChunk("PUT", "^/upload", before=False)
    for name, strike in {
        "its bytes under way": _in_chunk,
        "lost": _at("drive", lost),
        "half of it arrived": _at("drive", lost, _half_arrives),
        "stored, not answered": _at("drive", stored),
    }.items():
        yield Moment("upload chunk", name, strike, BEFORE_UPLOADS, (Kind.BIG_LINK, Kind.BIG_ATTACHMENT))


def _effects() -> Iterator[Moment]:
    upload, anywhere = "Uploading to Drive", tuple(Kind)
    audited = tuple(kind for kind in Kind if kind is not Kind.OUTLOOK)
    page = Fault("POST", "^/v1/pages$", before=False)
    for name, world, fault, stage, kinds in (
        ("page opened", "notion", page, None, audited),
        ("page made at the end", "notion", page, "Complete", (Kind.OUTLOOK,)),
        ("page written to", "notion", Fault("PATCH", "^/v1/pages/", before=False), "Complete", anywhere),
        ("folder made", "drive", Fault("POST", "^/drive/v3/files$", before=False), BEFORE_UPLOADS, anywhere),
        ("upload session opened", "drive", Fault("POST", "^/upload", before=False), upload, anywhere),
        ("file made", "drive", _LastChunk("PUT", "^/upload", before=False), upload, anywhere),
        ("card sent", "discord", Fault("POST", "/messages$", before=False), None, anywhere),
        ("card edited", "discord", Fault("PATCH", "/messages/", before=False), "Complete", anywhere),
        ("reaction set", "discord", Fault("PUT", "/reactions/", before=False), "Complete", anywhere),
    ):
        yield Moment("between effect and record", name, _at(world, fault), stage, kinds)


def random_instant(within_s: float) -> Moment:
    """Return a moment in the bot's first `within_s` seconds."""

    async def strike(scene: Scene) -> None:
        await asyncio.sleep(scene.chance.uniform(0, within_s))

    return Moment("random instant", "", strike, "Complete")


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


def _at(world_name: str, template: Fault, before_that: Callable[[Scene], None] = lambda _: None) -> Strike:
    """Strike from within the world, at a request that it has or has not done, but not answered."""

    async def strike(scene: Scene) -> None:
        world: World = getattr(scene.worlds, world_name)

        async def kill() -> None:
            before_that(scene)
            await scene.bot.kill()

        fault = replace(template, meanwhile=kill)
        world.faults.append(fault)
        try:
            await scene.until(lambda: not fault.times and not scene.bot.runs)
        finally:
            world.faults.remove(fault)

    return strike


def _half_arrives(scene: Scene) -> None:
    """Let Drive keep the beginning of the chunk that is coming."""
    drive = scene.worlds.drive
    chunk = next(one for one in reversed(drive.exchanges) if one.method == "PUT" and not one.status)
    session = drive.transfer._sessions[chunk.query["upload_id"]]
    session.received += chunk.body[: len(chunk.body) // 2]


def _in_bytes(longest_s: float, *, attached: bool) -> Strike:
    """Strike when a part of a linked or an attached video has come to the bot's disk, or up to `longest_s` later."""

    async def strike(scene: Scene) -> None:
        def parts() -> dict[Path, int]:
            jobs = [job for job in scene.ledger.entries().values() if job.video_id.isdigit() is attached]
            return {part: size for job in jobs for part, size in _parts(scene.work / job.id)}

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
        return any(len(one.body or b"") >= CHUNK_BYTES for one in coming)

    await scene.until(under_way)
    await asyncio.sleep(scene.chance.uniform(0.05, 0.3))


def _parts(folder: Path) -> list[tuple[Path, int]]:
    """Return the unfinished files of a job, and their bytes."""
    try:
        return [(part, part.stat().st_size) for part in folder.glob("*.part")]
    except FileNotFoundError:  # finished meanwhile
        return []
