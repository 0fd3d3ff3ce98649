"""`python scripts/test_status_updates.py`, against the sandbox's Notion."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from config.notion_config import AUDIT_PROCESS
from sandbox.notion.databases import DISCORD_MESSAGES, STATUSES
from sandbox.notion.world import NotionWorld

ROOT = Path(__file__).parents[2]
STATUS = "Transcript Process Status"
SOME = {"select": {"options": [{"name": name} for name in ("Processing", "Paused", "Complete", "Error")]}}


@pytest.fixture
async def notion() -> AsyncIterator[NotionWorld]:
    world = NotionWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@dataclass(frozen=True, slots=True)
class Told:
    """What the script says, and how it ends."""

    exit_status: int
    lines: list[str]
    errors: str

    @property
    def red(self) -> list[str]:
        return [line for line in self.lines if line.startswith("✗")]


async def run(notion: NotionWorld, database: str, *arguments: str, **changes: str | None) -> Told:
    """Run it as a person does, from the project's root, with Notion's settings and no others."""
    settings = {"NOTION_TOKEN": notion.token, "NOTION_API_URL": notion.url, "DISCORD_MESSAGE_DB_ID": database} | changes
    env = {"PATH": os.environ["PATH"], **{name: value for name, value in settings.items() if value is not None}}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "scripts/test_status_updates.py", *arguments), cwd=ROOT, env=env, stdout=PIPE, stderr=PIPE
    )
    output, errors = await process.communicate()
    return Told(process.returncode or 0, output.decode().splitlines(), errors.decode())


def a_database(notion: NotionWorld, **changes: Any) -> str:
    schema = {**DISCORD_MESSAGES, **changes}
    return notion.add_database("Messages", {name: kind for name, kind in schema.items() if kind is not None})


def options(notion: NotionWorld, database: str) -> list[dict[str, Any]]:
    column = notion.workspace.database(database).sources[0].column(STATUS)
    assert column is not None
    return column.options


async def test_a_right_database_is_green_line_by_line_and_gets_no_page(notion: NotionWorld) -> None:
    database = a_database(notion)

    told = await run(notion, database)

    assert (told.exit_status, told.red, told.errors) == (0, [], "")
    for value in STATUSES:
        assert f'✓ Status: "{STATUS}" has the option "{value}".' in told.lines
    for column in DISCORD_MESSAGES.keys() & set(AUDIT_PROCESS.field_map.values()):
        assert any(line.startswith(f'✓ Column: "{column}" (') for line in told.lines)
    assert {exchange.method for exchange in notion.exchanges} == {"GET"}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ProcessErrors": None}, ["ProcessErrors"]),
        ({"ProcessErrors": "number"}, ["ProcessErrors"]),
        ({"Message ID": "checkbox"}, ["Message ID"]),
        ({STATUS: SOME}, ["Downloading", "Transcribing", "Uploading to Drive"]),
        ({STATUS: "rich_text"}, ["must be Select", *STATUSES]),
    ],
    ids=["a missing column", "a wrong type", "a wrong type of another", "missing options", "a wrong status"],
)
async def test_what_is_wrong_is_a_red_line_that_names_the_property(
    notion: NotionWorld, changes: dict[str, Any], named: list[str]
) -> None:
    told = await run(notion, a_database(notion, **changes))

    assert told.exit_status == 1
    assert len(told.red) == len(named)
    assert all(name in line and next(iter(changes)) in line for name, line in zip(named, told.red, strict=True))


async def test_fix_makes_it_green_and_keeps_every_option(notion: NotionWorld) -> None:
    database = a_database(notion, ProcessErrors=None, **{STATUS: SOME})
    page = notion.add_page(database, {"Name": "a video", STATUS: "Paused"})
    before = list(options(notion, database))

    told = await run(notion, database, "--fix")

    assert (told.exit_status, told.red) == (0, [])
    assert options(notion, database)[: len(before)] == before
    assert {option["name"] for option in options(notion, database)} == {"Paused", *STATUSES}
    assert notion.page_values(page)[STATUS] == "Paused"
    assert notion.pages(database) == [page]


async def test_a_wrong_type_stays_red_after_fix(notion: NotionWorld) -> None:
    told = await run(notion, a_database(notion, ProcessErrors="number"), "--fix")

    assert told.exit_status == 1
    assert "ProcessErrors" in told.red[0]


@pytest.mark.parametrize("name", ["NOTION_TOKEN", "DISCORD_MESSAGE_DB_ID"])
async def test_a_missing_setting_is_named_in_one_sentence(notion: NotionWorld, name: str) -> None:
    told = await run(notion, "0" * 32, **{name: None})

    assert (told.exit_status, told.lines) == (2, [])
    assert told.errors == f"{name} is not set: put it into the environment or the file .env.\n"


@pytest.mark.parametrize(("token", "database"), [("wrong", None), (None, "0" * 32), (None, "no address")])
async def test_a_notion_out_of_reach_is_red(notion: NotionWorld, token: str | None, database: str | None) -> None:
    told = await run(notion, database or a_database(notion), NOTION_TOKEN=token or notion.token)

    assert (told.exit_status, told.errors) == (1, "")
    assert len(told.red) == 1
