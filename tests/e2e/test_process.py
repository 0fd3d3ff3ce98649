"""The bot as a process: how it starts, refuses to start, and ends."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import aclosing

import pytest

from sandbox.media import SPEECH
from sandbox.server import Fault
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from services.jobs.job import Stage
from services.store import open_store


async def start(settings: dict[str, str], worlds: Worlds) -> Process:
    """Start `python -m bot` with these settings and nothing else of ours in its environment."""
    env = {"PATH": os.environ["PATH"], "HOME": str(worlds.folder), "PYTHONPATH": os.getcwd(), **settings}  # noqa: PTH109 (the project's root)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", cwd=worlds.folder, env=env, stdout=PIPE, stderr=PIPE
    )


async def ends_cleanly(process: Process) -> None:
    """End the bot as a host does."""
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(4):  # hosts kill after five seconds
        _, errors = await process.communicate()

    assert process.returncode == 0
    assert b"Traceback" not in errors


async def test_sigterm_in_the_middle_of_a_job_ends_the_bot_cleanly(worlds: Worlds) -> None:
    worlds.site.bytes_per_second = 20_000
    process = await start(worlds.settings(), worlds)
    await worlds.discord.until(lambda: worlds.discord.connected)
    message = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
    await worlds.discord.until(lambda: "⬇️" in worlds.discord.reactions_on(message["id"]))

    await ends_cleanly(process)
    assert not worlds.discord.connected


async def test_sigterm_in_the_middle_of_a_transcription_ends_the_bot_cleanly(worlds: Worlds) -> None:
    process = await start(worlds.settings(), worlds)
    await worlds.discord.until(lambda: worlds.discord.connected)
    sonnets = SPEECH["sonnet"].read_bytes() * 3  # long enough for its progress to be recorded
    worlds.discord.post("audit-process", files=[("sonnets.mp3", sonnets, "audio/mpeg")])
    async with aclosing(await open_store(f"sqlite+aiosqlite:///{worlds.folder / 'data' / 'auditscribe.db'}")) as ledger:
        while not any(job.stage is Stage.TRANSCRIBING and job.progress for job in await ledger.unfinished()):
            await asyncio.sleep(0.1)

        await ends_cleanly(process)
        [job] = await ledger.unfinished()
    assert job.stage is Stage.TRANSCRIBING


async def test_sigterm_in_the_middle_of_a_stalled_upload_ends_the_bot_cleanly(worlds: Worlds) -> None:
    stalled = asyncio.Event()

    async def stall() -> None:
        stalled.set()
        await asyncio.Event().wait()

    worlds.drive.faults.append(Fault("PUT", "^/upload", meanwhile=stall))
    process = await start(worlds.settings(), worlds)
    await worlds.discord.until(lambda: worlds.discord.connected)
    worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
    await stalled.wait()

    await ends_cleanly(process)


async def test_a_second_bot_on_the_same_data_ends_at_once_with_a_sentence(worlds: Worlds) -> None:
    first = await start(worlds.settings(), worlds)
    await worlds.discord.until(lambda: worlds.discord.connected)

    second = await start(worlds.settings(), worlds)
    _, errors = await second.communicate()

    assert second.returncode == 2
    assert errors.decode().startswith("Another bot is running on DATA_DIR=")
    first.terminate()
    await first.communicate()


async def test_sigterm_in_the_middle_of_the_start_is_obeyed(worlds: Worlds) -> None:
    worlds.discord.faults.append(Fault("GET", "users/@me", delay=600))
    process = await start(worlds.settings(), worlds)
    while not worlds.discord.exchanges and process.returncode is None:  # its answer is held back
        await asyncio.sleep(0.05)

    process.terminate()
    async with asyncio.timeout(4):
        _, errors = await process.communicate()

    assert process.returncode == 0
    assert b"Traceback" not in errors


async def test_a_bot_whose_commands_are_refused_takes_videos_all_the_same(worlds: Worlds) -> None:
    worlds.discord.faults.append(Fault("PUT", "/commands$", 403, body={"code": 50001, "message": "Missing Access"}))
    process = await start(worlds.settings(), worlds)
    await worlds.discord.until(lambda: worlds.discord.connected)

    message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
    await worlds.discord.until(lambda: "👀" in worlds.discord.reactions_on(message["id"]))
    process.terminate()
    _, errors = await process.communicate()

    assert b"slash commands could not be registered" in errors


async def test_ctrl_c_ends_an_idle_bot_cleanly(worlds: Worlds) -> None:
    process = await start(worlds.settings(), worlds)
    await worlds.discord.until(lambda: worlds.discord.connected)

    process.send_signal(signal.SIGINT)
    _, errors = await process.communicate()

    assert process.returncode == 0
    assert b"Traceback" not in errors


@pytest.mark.parametrize(
    "name",
    [
        "DISCORD_TOKEN",
        *(pytest.param(name, marks=pytest.mark.long) for name in ("NOTION_TOKEN", "DISCORD_MESSAGE_DB_ID")),
    ],
)
async def test_a_missing_setting_ends_the_start_with_one_sentence(worlds: Worlds, name: str) -> None:
    settings = worlds.settings()
    del settings[name]

    process = await start(settings, worlds)
    _, errors = await process.communicate()

    assert process.returncode == 2
    assert errors.decode() == f"{name} is not set: put it into the environment or the file .env.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", "wrong"),
        pytest.param("NOTION_TOKEN", "wrong", marks=pytest.mark.long),
        pytest.param("DISCORD_MESSAGE_DB_ID", "0" * 32, marks=pytest.mark.long),
        ("GOOGLE_TOKEN_FILE", "nowhere.json"),
        pytest.param("WORKERS", "none", marks=pytest.mark.long),
        ("DATA_DIR", "/dev/null/data"),
        ("DISCORD_API_URL", "http://127.0.0.1:9/api/v10"),
    ],
)
async def test_a_wrong_setting_ends_the_start_with_a_sentence_that_names_it(
    worlds: Worlds, name: str, value: str
) -> None:
    process = await start({**worlds.settings(), name: value}, worlds)
    _, errors = await process.communicate()

    assert process.returncode == 2
    last_line = errors.decode().strip().splitlines()[-1]
    assert name in last_line
    assert "Traceback" not in errors.decode()


async def test_without_the_message_content_intent_the_start_says_how_to_switch_it_on(worlds: Worlds) -> None:
    worlds.discord.application["flags"] = 0

    process = await start(worlds.settings(), worlds)
    _, errors = await process.communicate()

    assert process.returncode == 2
    assert "Message Content Intent" in errors.decode().strip().splitlines()[-1]


async def test_in_two_servers_without_a_setting_none_is_served_and_the_log_says_so(worlds: Worlds) -> None:
    other = worlds.discord.add_guild("Elsewhere", ["audit-process"])
    process = await start(worlds.settings(), worlds)
    assert process.stderr is not None
    async for line in process.stderr:
        if b"DISCORD_GUILD_IDS" in line:
            break

    message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
    process.terminate()
    await process.communicate()

    assert other.encode() in line
    assert worlds.discord.reactions_on(message["id"]) == {}
    assert worlds.notion.pages(worlds.audit_database) == []


async def test_only_the_servers_of_the_setting_are_served(worlds: Worlds) -> None:
    worlds.discord.add_guild("Elsewhere", ["market-outlook"])
    other_channel = list(worlds.discord.store.channels)[-1]
    process = await start({**worlds.settings(), "DISCORD_GUILD_IDS": worlds.discord.guild_id}, worlds)
    await worlds.discord.until(lambda: worlds.discord.connected)
    # The first message waits until the bot is ready; the second is answered after the first could have been.
    ignored = worlds.discord.post(other_channel, f"https://youtu.be/{JFK}")
    served = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")

    await worlds.discord.until(lambda: "👀" in worlds.discord.reactions_on(served["id"]))
    process.terminate()
    await process.communicate()

    assert worlds.discord.reactions_on(ignored["id"]) == {}
