"""Every fault of the table (faults/table.py) comes and goes, and ends as the table says. `make faults` prints it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import post_file
from tests.e2e.faults import discord, machine, notion
from tests.e2e.faults.machine import FULL_DISK
from tests.e2e.faults.scene import Scenario, scene
from tests.e2e.faults.table import TABLE
from tests.e2e.observing import audited

GROUPS: dict[str, Mapping[str, Scenario]] = {
    "Notion": notion.SCENARIOS,
    "Discord": discord.SCENARIOS,
    "machine": machine.SCENARIOS,
}


def test_each_row_of_the_table_has_its_test() -> None:
    acted = {name for scenarios in GROUPS.values() for name in scenarios}
    shown_elsewhere = {name: row.shown_by.split("::") for name, row in TABLE.items() if row.shown_by}

    assert acted | shown_elsewhere.keys() == TABLE.keys()
    for file, test in shown_elsewhere.values():
        assert f"def {test}(" in Path(file).read_text(), test


@pytest.mark.timeout(400)
@pytest.mark.parametrize("group", ["Notion", "Discord", pytest.param("machine", marks=pytest.mark.sqlite)])
@pytest.mark.long
async def test_each_fault_ends_as_the_table_says(
    worlds: Worlds, start_bot: StartBot, monkeypatch: pytest.MonkeyPatch, group: str
) -> None:
    wrong: list[str] = []
    async with scene(worlds, start_bot, monkeypatch) as opened:
        for name, scenario in GROUPS[group].items():
            try:
                await opened.play(scenario, TABLE[name])
            except (AssertionError, TimeoutError) as error:
                wrong.append(f"{name}: {error!r}")
                for world in worlds.all:
                    world.faults.clear()

    assert wrong == []


@pytest.mark.long
async def test_a_log_on_a_full_disk_stops_nothing(worlds: Worlds) -> None:
    process = BotProcess(worlds)
    process.log.symlink_to(FULL_DISK)
    await process.start()
    await worlds.discord.until(lambda: worlds.discord.connected)

    [page] = await audited(worlds, post_file(worlds))

    assert await process.stop() in (0, 120)  # the latter is Python's own, which cannot write out the rest of the log
    assert worlds.notion.page_values(page)["Transcript Process Status"] == "Complete"
    await process.bury()
