"""The Procfile as a host runs it: by a Procfile runner, with settings from the environment alone."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import bot
from sandbox.media import SPEECH
from sandbox.worlds import Worlds
from tests.e2e.observing import audited, ledger, pages_of

PROJECT = Path(bot.__file__).parents[1]

Host = Callable[[], Awaitable[Process]]


@pytest.fixture
async def host(worlds: Worlds) -> AsyncIterator[Host]:
    """Returns a function that starts the Procfile, and returns once the bot is connected; none is left running."""
    processes: list[Process] = []
    packages = [str(PROJECT), worlds.environment()["PYTHONPATH"], os.environ.get("PYTHONPATH", "")]
    paths = {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(filter(None, packages)),
    }
    env = {"HOME": str(worlds.folder), **worlds.settings(), **worlds.environment(), **paths}

    async def start() -> Process:
        honcho = (sys.executable, "-m", "honcho", "start", "-f", PROJECT / "Procfile", "-d", worlds.folder)
        process = await asyncio.create_subprocess_exec(*honcho, env=env, stdout=PIPE, stderr=STDOUT)
        processes.append(process)
        await worlds.discord.until(lambda: worlds.discord.connected)
        return process

    yield start
    for process in processes:
        if process.returncode is None:
            await stopped(process)


async def stopped(process: Process) -> str:
    """Stop the host as a deploy does; return what it and the bot wrote."""
    process.send_signal(signal.SIGTERM)
    output, _ = await process.communicate()
    return output.decode()


async def test_a_video_goes_through_and_one_that_a_deploy_interrupts_goes_on(worlds: Worlds, host: Host) -> None:
    process = await host()
    through = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
    await audited(worlds, through)
    sonnets = SPEECH["sonnet"].read_bytes() * 3  # long enough for its progress to be recorded
    interrupted = worlds.discord.post("audit-process", files=[("sonnet.mp3", sonnets, "audio/mpeg")])
    while not is_half_transcribed(worlds, interrupted):
        await asyncio.sleep(0.05)

    output = await stopped(process)
    [left] = [job for job in ledger(worlds) if str(job["origin"]["message_id"]) == interrupted["id"]]
    await host()
    await audited(worlds, interrupted)

    assert "SIGTERM to worker.1" in output
    assert "SIGKILL" not in output  # which honcho sends after five seconds, as hosts do after ten to thirty
    assert "Traceback" not in output
    assert left["stage"] == "Transcribing"
    [page] = pages_of(worlds, interrupted)
    assert page["Transcript Process Status"] == "Complete"
    fetched = [exchange for exchange in worlds.discord.exchanges if "sonnet.mp3" in exchange.path]
    assert len(fetched) == 1


def is_half_transcribed(worlds: Worlds, message: dict[str, Any]) -> bool:
    """Whether some of a message's only video has been heard, and not all."""
    jobs = [job for job in ledger(worlds) if str(job["origin"]["message_id"]) == message["id"]]
    return any(job["stage"] == "Transcribing" and job["progress"] for job in jobs)
