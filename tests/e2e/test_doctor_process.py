"""`python -m bot doctor`, against all worlds."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE

import pytest

from config.notion_config import AUDIT_PROCESS
from sandbox.discord.permissions import Permission
from sandbox.notion.databases import DISCORD_MESSAGES
from sandbox.worlds import Worlds


async def doctor(worlds: Worlds, *arguments: str, **changes: str) -> tuple[int, str]:
    """Return the exit status, and what is told; nothing goes to stderr."""
    settings = worlds.settings() | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"} | changes
    env = {"PATH": os.environ["PATH"], "HOME": str(worlds.folder), "PYTHONPATH": os.getcwd(), **settings}  # noqa: PTH109 (the project's root)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor", *arguments), cwd=worlds.folder, env=env, stdout=PIPE, stderr=PIPE
    )
    output, errors = await process.communicate()
    assert errors == b""
    return process.returncode or 0, output.decode()


def red(told: str) -> list[str]:
    return [line for line in told.splitlines() if line.startswith("✗")]


async def test_a_right_deployment_has_no_red_line_and_is_left_as_it_is(worlds: Worlds) -> None:
    status, told = await doctor(worlds)

    assert (status, red(told)) == (0, [])
    subjects = ("Discord", "Notion", "Google Drive", "Speech model", "yt-dlp", "JavaScript runtime", "ffmpeg")
    assert all(f" {subject}: " in told for subject in (*subjects, "Ledger", "Disk"))
    assert not (worlds.folder / "data").exists()
    assert not worlds.discord.connected
    assert {exchange.method for world in worlds.all for exchange in world.exchanges} == {"GET"}


async def test_all_that_is_broken_is_told_at_once_each_with_its_remedy(worlds: Worlds) -> None:
    worlds.discord.permit("audit-process", deny=Permission.ADD_REACTIONS)
    by_hand = worlds.drive.made_by_hand("Audits")
    (worlds.folder / "data").mkdir()
    (worlds.folder / "data" / "auditscribe.db").write_text("This is no database." * 100)

    status, told = await doctor(
        worlds,
        DISCORD_MESSAGE_DB_ID=worlds.notion.add_database("Messages", {**DISCORD_MESSAGES, "ProcessErrors": "url"}),
        DRIVE_FOLDER_AUDIT_PROCESS=by_hand,
        WHISPER_MODEL="tini",
    )

    assert status == 1
    words = ["Add Reactions", "ProcessErrors", "DRIVE_FOLDER_AUDIT_PROCESS", "tini", "auditscribe.db"]
    assert [word in line for word, line in zip(words, red(told), strict=True)] == [True] * len(words)
    lines = told.splitlines()
    assert all(lines[number + 1].startswith("    ") for number, line in enumerate(lines) if line.startswith("✗"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DISCORD_TOKEN", "wrong"),
        pytest.param("DISCORD_API_URL", "http://127.0.0.1:9/api/v10", marks=pytest.mark.long),
        pytest.param("NOTION_TOKEN", "wrong", marks=pytest.mark.long),
        pytest.param("GOOGLE_TOKEN_FILE", "nowhere.json", marks=pytest.mark.long),
        pytest.param("DATA_DIR", "/dev/null/data", marks=pytest.mark.long),
    ],
)
async def test_one_wrong_setting_is_one_red_line_that_names_it_and_stops_no_other_check(
    worlds: Worlds, name: str, value: str
) -> None:
    status, told = await doctor(worlds, **{name: value})

    assert status == 1
    [line] = red(told)
    remedy = told[told.index(line) :].splitlines()[1]
    assert name in f"{line}{remedy}"
    assert " ffmpeg: " in told


async def test_fix_creates_what_notion_lacks(worlds: Worlds) -> None:
    kept = {column: kind for column, kind in DISCORD_MESSAGES.items() if column != "ProcessErrors"}
    database = worlds.notion.add_database("Messages", kept)

    before, _ = await doctor(worlds, DISCORD_MESSAGE_DB_ID=database)
    after, _ = await doctor(worlds, "--fix", DISCORD_MESSAGE_DB_ID=database)

    assert (before, after) == (1, 0)
    columns = {column.name for column in worlds.notion.workspace.database(database).sources[0].columns}
    assert set(AUDIT_PROCESS.field_map.values()) <= columns


async def test_a_local_folder_needs_no_google_account(worlds: Worlds) -> None:
    status, told = await doctor(worlds, STORAGE="local")

    assert status == 0
    assert "Google" not in told.replace("no Google account", "")


async def test_a_wrong_setting_of_its_own_kind_ends_it_before_anything_is_asked(worlds: Worlds) -> None:
    settings = {**worlds.settings(), "WORKERS": "none"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor"),
        env={"PATH": os.environ["PATH"], **settings},
        stdout=PIPE,
        stderr=PIPE,
    )
    _, errors = await process.communicate()

    assert (process.returncode, errors.decode().count("\n")) == (2, 1)
    assert errors.startswith(b"WORKERS is wrong")
