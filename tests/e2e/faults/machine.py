"""Faults of the machine that the bot runs on: its disk, its ledger, its memory, its clock."""

import asyncio
import os
import signal
import sqlite3
import time
from collections.abc import AsyncGenerator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from sandbox.discord.objects import Json
from services.jobs.job import job_id
from services.jobs.source import SourceKind, VideoSource
from tests.e2e.faults.notion import says
from tests.e2e.faults.scene import Scenario, Scene
from tests.e2e.observing import ledger

Acting = AsyncGenerator[Json, None]
FULL_DISK = Path("/dev/full")
"""Linux's own: whatever is written there finds no space left."""
HOUR_S = 3600.0


async def file_on_full_disk(scene: Scene, name: str) -> Acting:
    """Let one file of the work folder lie where there is no space left."""
    message = scene.post_file()
    [attachment] = message["attachments"]
    job = job_id(message["id"], VideoSource(SourceKind.DISCORD, attachment["id"]))
    file = scene.worlds.folder / "data" / "work" / job / name
    file.parent.mkdir(parents=True)
    file.symlink_to(FULL_DISK)
    yield message
    file.unlink()


async def full_ledger(scene: Scene) -> Acting:
    """Let the ledger's file grow no further (sqlite.org/pragma.html#pragma_max_page_count)."""
    limit = {"pages": 1}

    def restrict(connection: Any, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={limit['pages']}")
        cursor.close()

    sa.event.listen(sa.pool.Pool, "checkout", restrict)
    message = scene.post("x" * 1500)
    await asyncio.sleep(0.5)
    assert message["id"] not in {str(job["origin"]["message_id"]) for job in ledger(scene.worlds)}
    yield message
    limit["pages"] = 2**30
    scene.forward(10)
    yield message
    sa.event.remove(sa.pool.Pool, "checkout", restrict)


async def locked_ledger(scene: Scene) -> Acting:
    with closing(sqlite3.connect(scene.worlds.folder / "data" / "auditscribe.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        message = scene.post()
        await asyncio.sleep(1)
        yield message
        other.rollback()


async def killed_recogniser(scene: Scene) -> Acting:
    message = scene.post_file("jfk.mp4")
    yield message
    await scene.card_says(message, "Transcribing")
    os.kill(recogniser(), signal.SIGKILL)


def recogniser() -> int:
    """Return the process id of the bot's Whisper child."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    [found] = [pid for pid in children if "recogniser" in Path(f"/proc/{pid}/cmdline").read_text()]
    return int(found)


async def jumped(scene: Scene, seconds: float) -> Acting:
    """Let the clock jump while a video waits for its next try; back again when that is done."""
    real = time.time
    async for message in says(scene, 503):
        await scene.card_says(message, "Notion is busy")
        scene.set_clock(lambda: real() + seconds)
        yield message
    yield message
    scene.set_clock(real)


SCENARIOS: dict[str, Scenario] = {
    "ledger-full": full_ledger,
    "work-folder-full": partial(file_on_full_disk, name="video.mp4.part"),
    "transcript-full": partial(file_on_full_disk, name="transcript.txt"),
    "ledger-locked": locked_ledger,
    "whisper-dies": killed_recogniser,
    "clock-forward": partial(jumped, seconds=HOUR_S),
    "clock-back": partial(jumped, seconds=-HOUR_S),
}
