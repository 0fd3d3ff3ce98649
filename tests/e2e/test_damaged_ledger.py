"""Rules of a ledger whose file was damaged: it is kept aside, that is said once, and what it knew is found again."""

from pathlib import Path

import pytest

from sandbox.demo.watch import until
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import post_file
from tests.e2e.observing import Json, audited, card_shows, cards, folder_names

pytestmark = pytest.mark.sqlite

ALERT = "⚠️ The bot's ledger was damaged."
CHANNELS = ("audit-process", "market-outlook")


def alerts(worlds: Worlds) -> list[str]:
    messages = worlds.discord.messages("audit-process")
    return [message["content"] for message in messages if message["content"].startswith(ALERT)]


def scribble_over(file: Path) -> None:
    """Do what a failing disk does: the file is there, and its content is not what was written."""
    for part in (file, file.with_name(f"{file.name}-wal")):
        if part.exists():
            with part.open("r+b") as content:
                content.write(b"\xa5" * part.stat().st_size)


async def unfinished(worlds: Worlds) -> list[Json]:
    """Post a video in each of two channels; they wait for room in Drive."""
    worlds.drive.shelf.quota_bytes = 1000
    messages = [post_file(worlds, channel=channel) for channel in CHANNELS]
    for message in messages:
        await card_shows(worlds, message, "goes on by itself once Google Drive is mended")
    worlds.drive.shelf.quota_bytes = 2**30
    return messages


def check(worlds: Worlds, messages: list[Json], log: str) -> None:
    """Everything was done once, and the damage was said once."""
    [alert] = alerts(worlds)
    [kept] = (worlds.folder / "data").glob("auditscribe.db.damaged-*Z")
    assert kept.name in alert
    assert str(kept) in log
    assert len(folder_names(worlds)) == len(messages)
    for message in messages:
        assert list(worlds.discord.reactions_on(message["id"])) == ["✅"]
        assert len(cards(worlds, message)) == 1


@pytest.mark.long
async def test_a_ledger_that_is_damaged_while_it_is_in_use_is_begun_anew(
    worlds: Worlds, start_bot: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_bot(OPERATOR_RETRY_S="2"):
        messages = await unfinished(worlds)
        scribble_over(worlds.folder / "data" / "auditscribe.db")
        for message in messages:
            await audited(worlds, message)
        await until(worlds, lambda: bool(alerts(worlds)), within=30)

    check(worlds, messages, caplog.text)


@pytest.mark.long
async def test_a_ledger_that_is_damaged_at_the_start_is_begun_anew(
    worlds: Worlds, start_bot: StartBot, caplog: pytest.LogCaptureFixture
) -> None:
    async with start_bot(OPERATOR_RETRY_S="60"):
        messages = await unfinished(worlds)
    scribble_over(worlds.folder / "data" / "auditscribe.db")
    meanwhile = post_file(worlds, channel=CHANNELS[1])

    async with start_bot():
        for message in (*messages, meanwhile):
            await audited(worlds, message)
        await until(worlds, lambda: bool(alerts(worlds)), within=30)

    check(worlds, [*messages, meanwhile], caplog.text)
