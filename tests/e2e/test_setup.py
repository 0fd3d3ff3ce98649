"""`python -m bot setup`, by a person at a real terminal, against all worlds."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pexpect
import pytest
from dotenv import dotenv_values

import bot
from sandbox.discord.intents import MESSAGE_CONTENT, application_flags
from sandbox.notion.databases import DISCORD_MESSAGES
from sandbox.server import Fault
from sandbox.worlds import Worlds

PROJECT = Path(bot.__file__).parents[1]
ASKED = ("DISCORD_TOKEN", "NOTION_TOKEN", "DISCORD_MESSAGE_DB_ID", "VIDEOS_DB_ID", "DRIVE_UPLOADS_DB_ID")
CTRL_C, CTRL_D = "\x03", "\x04"
INTERRUPTED = 130


def hear_ctrl_c() -> None:
    """As whatever a terminal starts does; tests in the background of a shell, and their children, do not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Person:
    """Types what is asked for. `seen` is all that stands on the screen."""

    def __init__(self, worlds: Worlds, *arguments: str, **environment: str) -> None:
        accounts = (*ASKED, "GOOGLE_TOKEN_FILE")
        addresses = {name: value for name, value in worlds.settings().items() if name not in accounts}
        paths = {"PATH": os.environ["PATH"], "HOME": str(worlds.folder), "PYTHONPATH": str(PROJECT)}
        no_index = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}
        self._process = pexpect.spawn(
            sys.executable,
            ["-m", "bot", "setup", "--no-browser", *arguments],
            cwd=str(worlds.folder),
            env={**paths, **no_index, **addresses, **environment},
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 500),  # no line is broken
            preexec_fn=hear_ctrl_c,
        )
        self.seen = ""

    async def reads(self, words: str) -> None:
        await asyncio.to_thread(self._process.expect_exact, words)
        self.seen += str(self._process.before) + str(self._process.after)

    async def answers(self, name: str, answer: str) -> None:
        """Type once the question for a setting has been asked to its end."""
        await self.reads(f"\n{name}")
        await self.reads(": ")
        await asyncio.to_thread(self._process.sendline, answer)

    async def interrupts(self, name: str, key: str) -> None:
        """Press a key at the question for a setting."""
        await self.reads(f"\n{name}")
        await self.reads(": ")
        await asyncio.to_thread(self._process.send, key)
        await self.reads("Not finished")

    async def end(self) -> int:
        """Read what comes until the program ends; return its exit status."""
        await asyncio.to_thread(self._process.expect, pexpect.EOF)
        self.seen += str(self._process.before)
        await asyncio.to_thread(self._process.close)
        return self._process.exitstatus or 0

    def leave(self) -> None:
        self._process.close(force=True)


Sit = Callable[..., Person]


@pytest.fixture
async def sit(worlds: Worlds) -> AsyncIterator[Sit]:
    """Returns a function that starts setup at a terminal."""
    people: list[Person] = []

    def start(*arguments: str, **environment: str) -> Person:
        people.append(Person(worlds, *arguments, **environment))
        return people[-1]

    yield start
    for person in people:
        person.leave()


async def test_right_answers_become_a_private_env_file_and_what_notion_lacks_is_created(
    worlds: Worlds, sit: Sit
) -> None:
    lacking = {column: kind for column, kind in DISCORD_MESSAGES.items() if column != "ProcessErrors"}
    database = worlds.notion.add_database("Messages", lacking)
    person = sit()
    await person.answers("DISCORD_TOKEN", worlds.discord.token)
    await person.answers("NOTION_TOKEN", worlds.notion.token)
    await person.answers("DISCORD_MESSAGE_DB_ID", f"https://www.notion.so/sandbox/Messages-{database}?v=1")
    await person.answers("VIDEOS_DB_ID", worlds.videos_database)
    await person.answers("DRIVE_UPLOADS_DB_ID", "")
    await person.answers("STORAGE", "drive")
    await person.answers("Its path", str(worlds.folder / "google-token.json"))

    assert await person.end() == 0
    env = worlds.folder / ".env"
    assert env.stat().st_mode & 0o777 == 0o600
    assert dotenv_values(env)["DISCORD_TOKEN"] == worlds.discord.token
    assert dotenv_values(env)["GOOGLE_TOKEN_FILE"] == str(worlds.folder / "google-token.json")
    assert "DRIVE_UPLOADS_DB_ID" not in dotenv_values(env)
    assert "# Copy to .env and fill in." in env.read_text()
    assert 'The column "ProcessErrors" was created' in person.seen
    assert "✗" not in person.seen
    assert f"client_id={worlds.discord.application['id']}" in person.seen
    assert worlds.discord.token not in person.seen
    assert worlds.notion.token not in person.seen
    assert not list(worlds.folder.glob(".env.*"))


async def test_wrong_answers_are_refused_with_a_sentence_and_asked_for_again(worlds: Worlds, sit: Sit) -> None:
    worlds.discord.application["flags"] = 0
    worlds.notion.faults.append(Fault("GET", "users/me", 503, times=1))
    person = sit()
    await person.answers("DISCORD_TOKEN", "wrong")
    await person.reads("✗ Discord does not accept this token.")
    await person.answers("DISCORD_TOKEN", worlds.discord.token)
    await person.reads("Switch on the Message Content Intent")
    worlds.discord.application["flags"] = application_flags(MESSAGE_CONTENT)
    await person.answers("Enter when that is done", "")
    await person.answers("NOTION_TOKEN", worlds.notion.token)
    await person.reads("✗ Notion is busy at the moment.")
    await person.answers("NOTION_TOKEN", "wrong token")
    await person.reads("✗ That is no token")
    await person.answers("NOTION_TOKEN", "wrong")
    await person.reads("✗ Notion does not accept")
    await person.answers("NOTION_TOKEN", worlds.notion.token)
    await person.answers("DISCORD_MESSAGE_DB_ID", "0" * 32)
    await person.reads("✗ Notion shows no database")
    await person.answers("DISCORD_MESSAGE_DB_ID", worlds.audit_database)
    await person.answers("VIDEOS_DB_ID", "-")
    await person.answers("DRIVE_UPLOADS_DB_ID", "-")
    await person.answers("STORAGE", "cellar")
    await person.reads("✗ Type `drive` or `local`.")
    await person.answers("STORAGE", "")

    assert await person.end() == 0
    assert dotenv_values(worlds.folder / ".env")["STORAGE"] == "local"
    assert "request fail" not in person.seen  # as Notion's client logs it


async def test_interrupted_it_changes_nothing_and_run_again_it_offers_what_it_had(worlds: Worlds, sit: Sit) -> None:
    env = worlds.folder / ".env"
    env.write_text(before := "# mine\nWORKERS=3\nVIDEOS_DB_ID='old'\n")
    person = sit()
    await person.answers("DISCORD_TOKEN", worlds.discord.token)
    await person.answers("NOTION_TOKEN", worlds.notion.token)
    await person.interrupts("DISCORD_MESSAGE_DB_ID", CTRL_C)

    assert await person.end() == INTERRUPTED
    assert "Traceback" not in person.seen
    assert env.read_text() == before
    [draft] = worlds.folder.glob(".env.*")
    assert draft.stat().st_mode & 0o777 == 0o600

    person = sit()
    await person.answers("DISCORD_TOKEN [Enter: the one that is there]", "")
    await person.answers("NOTION_TOKEN [Enter: the one that is there]", "")
    await person.answers("DISCORD_MESSAGE_DB_ID", worlds.audit_database)
    await person.answers("VIDEOS_DB_ID [Enter: old]", "-")
    await person.answers("DRIVE_UPLOADS_DB_ID [Enter: -]", "")
    await person.answers("STORAGE [Enter: local]", "")

    assert await person.end() == 0
    assert env.read_text().startswith("# mine\nWORKERS=3\n")
    assert {"VIDEOS_DB_ID", "DRIVE_UPLOADS_DB_ID"}.isdisjoint(dotenv_values(env))
    assert dotenv_values(env)["NOTION_TOKEN"] == worlds.notion.token
    assert not draft.exists()


@pytest.mark.long
async def test_in_several_servers_the_ids_are_asked_for(worlds: Worlds, sit: Sit) -> None:
    other = worlds.discord.add_guild("Elsewhere", [])
    person = sit()
    await person.answers("DISCORD_TOKEN", worlds.discord.token)
    await person.reads(f"{other}  Elsewhere")
    await person.answers("The ids of those", "42")
    await person.reads("✗ The bot is in no server of the id 42.")
    await person.answers("The ids of those", worlds.discord.guild_id)
    await person.interrupts("NOTION_TOKEN", CTRL_D)

    assert await person.end() == INTERRUPTED
