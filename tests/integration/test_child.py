"""Child processes that speak JSON lines: small scripts of the test's own, and the real ones as orphans."""

import asyncio
import contextlib
import os
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path

import pytest

from services.clients.child import Child, Limits, Message, start
from services.clients.whisper import PROGRAM

CLIENTS = Path(__file__).parents[2] / "services" / "clients"
WIRE = """
import json, os, subprocess, sys
events = os.fdopen(os.dup(1), "w", buffering=1)
os.dup2(2, 1)
def tell(**event): events.write(json.dumps(event) + "\\n")
"""
ORPHANING = """
import asyncio, sys
from services.clients.child import start
async def main():
    child = await start(sys.argv[1])
    child.send({"the first message": "is there before the script can read it"})
    print(child._transport.get_pid(), flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


async def a_child(folder: Path, script: str, limits: Limits | None = None) -> Child:
    path = folder / "script.py"
    path.write_text(WIRE + script)
    return await start(path, cwd=folder, limits=limits)


async def heard(child: Child) -> list[Message]:
    return [event async for event in child.events()]


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    with contextlib.suppress(FileNotFoundError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


async def until_dead(pid: int) -> None:
    async with asyncio.timeout(5):
        while is_alive(pid):
            await asyncio.sleep(0.01)


async def test_what_is_printed_never_disturbs_the_events_however_long_they_are(tmp_path: Path) -> None:
    echo = 'for line in sys.stdin: print("noise"); tell(echo=json.loads(line)["text"])'
    async with aclosing(await a_child(tmp_path, echo)) as child:
        for text in ("short", "ä" * 300_000, "last"):
            child.send({"text": text})
        events = child.events()
        assert [(await anext(events))["echo"] for _ in range(3)] == ["short", "ä" * 300_000, "last"]


@pytest.mark.parametrize(
    ("script", "ending"),
    [
        ("sys.exit(3)", "exit status 3"),
        ("raise ValueError('no such thing')", "exit status 1: ValueError: no such thing"),
        ("print('x' * 10**6); sys.exit('the end')", "exit status 1: the end"),
        ("os.kill(os.getpid(), 9)", "killed by SIGKILL"),
    ],
)
async def test_a_child_that_ends_says_how_after_all_its_events(tmp_path: Path, script: str, ending: str) -> None:
    async with aclosing(await a_child(tmp_path, f"tell(a=1); tell(b=2)\n{script}")) as child:
        assert await heard(child) == [{"a": 1}, {"b": 2}]
        assert child.ending == ending
        child.send({"too": "late"})


async def test_how_a_child_ended_is_for_the_log_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with aclosing(await a_child(tmp_path, "open('/no/such/file')")) as child:
        assert await heard(child) == []
        error = child.unexpected_end("The reader")

    assert str(error) == "The reader ended unexpectedly: if it happens again, the operator must look into the log."
    [line] = caplog.messages
    assert "FileNotFoundError: [Errno 2] No such file or directory: '/no/such/file'" in line
    assert "\n" not in line


@pytest.mark.parametrize("given", [False, True])
async def test_a_child_is_told_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, given: bool) -> None:
    secrets = {
        "DISCORD_TOKEN",
        "notion_token",
        "WEBHOOK_SECRET",
        "DASHBOARD_TOKEN",
        "DATABASE_URL",
        "GOOGLE_TOKEN_FILE",
    }
    for name in {*secrets, "HARMLESS"}:
        monkeypatch.setenv(name, "value")
    script = tmp_path / "script.py"
    script.write_text(WIRE + "tell(known=list(os.environ))")

    async with aclosing(await start(script, env=dict(os.environ) if given else None)) as child:
        [event] = await heard(child)

    assert "HARMLESS" in event["known"]
    assert not secrets & set(event["known"])


async def test_a_child_dies_with_all_that_it_started(tmp_path: Path) -> None:
    script = 'tell(pids=[os.getpid(), subprocess.Popen(["sleep", "60"]).pid]); sys.stdin.read()'
    async with aclosing(await a_child(tmp_path, script)) as child:
        pids = (await anext(child.events()))["pids"]
        assert all(is_alive(pid) for pid in pids)

    for pid in pids:
        await until_dead(pid)


async def test_signals_to_the_bots_group_do_not_reach_a_child(tmp_path: Path) -> None:
    async with aclosing(await a_child(tmp_path, "tell(group=os.getpgid(0)); sys.stdin.read()")) as child:
        assert (await anext(child.events()))["group"] != os.getpgid(0)


@pytest.mark.parametrize(
    "program", [*sorted(CLIENTS.glob("*_child.py")), PROGRAM], ids=lambda program: Path(program).stem
)
async def test_no_child_outlives_a_bot_that_is_killed(program: Path | str) -> None:
    await kill_the_bot_of(program)


async def test_not_even_a_child_that_has_only_begun(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import time\ntime.sleep(60)")

    await kill_the_bot_of(script)


async def kill_the_bot_of(program: Path | str) -> None:
    bot = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ORPHANING, str(program)), stdout=subprocess.PIPE, cwd=CLIENTS.parents[1]
    )
    assert bot.stdout
    child = int(await bot.stdout.readline())
    assert is_alive(child)

    bot.kill()
    await bot.wait()

    await until_dead(child)


@pytest.mark.parametrize(
    ("costly", "error"),
    [("bytearray(2**28)", "MemoryError"), ("open('big', 'wb').write(bytes(2**21))", "OSError")],
)
async def test_a_child_gets_no_more_memory_and_room_than_it_may_have(tmp_path: Path, costly: str, error: str) -> None:
    script = f"try: {costly}\nexcept (MemoryError, OSError) as error: tell(error=type(error).__name__)"
    for limits, expected in ((Limits(memory=2**27, file=2**20), [{"error": error}]), (None, [])):
        async with aclosing(await a_child(tmp_path, script, limits)) as child:
            assert await heard(child) == expected
