"""How the demo tells in a terminal what it shows on its page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.demo.snapshot import snapshot
from sandbox.demo.terminal import lines
from sandbox.worlds import Worlds


@pytest.fixture
async def worlds(tmp_path: Path) -> AsyncIterator[Worlds]:
    async with Worlds(tmp_path) as worlds:
        yield worlds


def test_a_card_is_one_line_without_markdown(worlds: Worlds) -> None:
    card = {"title": r"A \*title\*", "description": "⏳ **Downloading** · [try 2](https://e.com)\n-# ✓ Processing"}
    worlds.discord.post("audit-process", embeds=[card], author=worlds.discord.bot)

    assert list(lines(snapshot(worlds))) == ["Discord  #audit-process  Auditscribe: [A *title*] ⏳ Downloading · try 2"]


def test_what_people_wrote_cannot_steer_the_terminal(worlds: Worlds) -> None:
    worlds.discord.post("audit-process", "a\x1b[2Jb")

    [line] = lines(snapshot(worlds))

    assert line.endswith("a [2Jb")
