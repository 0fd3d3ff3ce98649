"""The three classical duplicates, each forced: the world has done it, and the bot never heard so."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.server import Fault, World
from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.chaos.ledger import Ledger
from tests.e2e.chaos.posts import Kind, Poster
from tests.e2e.chaos.verdict import Verdict

EFFECTS = {
    "page": ("notion", "POST", "^/v1/pages$"),
    "Drive file": ("drive", "PUT", "^/upload/"),
    "card": ("discord", "POST", "/messages$"),
}


@pytest.fixture
async def process(worlds: Worlds) -> AsyncIterator[BotProcess]:
    process = BotProcess(worlds)
    await process.start()
    await worlds.discord.until(lambda: worlds.discord.connected)
    yield process
    await process.kill()
    await process.bury()


@pytest.mark.parametrize(
    "effect", ["page", *(pytest.param(effect, marks=pytest.mark.long) for effect in ("Drive file", "card"))]
)
async def test_killed_between_the_effect_and_its_record_the_bot_makes_no_second_one(
    effect: str, worlds: Worlds, process: BotProcess
) -> None:
    world, method, path = effect_of(effect, worlds)
    world.faults.append(Fault(method, path, before=False, meanwhile=process.kill))
    poster = Poster(worlds)
    poster.post(Kind.ATTACHMENT)
    await process.death()

    await process.start()

    assert await wrong_in_the_end(worlds, poster, process) == []


@pytest.mark.long
@pytest.mark.parametrize("effect", EFFECTS)
async def test_of_what_the_server_did_before_the_connection_dropped_no_second_one_is_made(
    effect: str, worlds: Worlds, process: BotProcess
) -> None:
    world, method, path = effect_of(effect, worlds)
    world.faults.append(Fault(method, path, before=False))
    poster = Poster(worlds)

    poster.post(Kind.ATTACHMENT)

    assert await wrong_in_the_end(worlds, poster, process) == []
    assert [fault.times for fault in world.faults] == [0]


def effect_of(name: str, worlds: Worlds) -> tuple[World, str, str]:
    world, method, path = EFFECTS[name]
    return getattr(worlds, world), method, path


async def wrong_in_the_end(worlds: Worlds, poster: Poster, process: BotProcess) -> list[str]:
    """Let the bot come to rest and end it, so that nothing can follow; return what is not one of each."""
    data = Path(worlds.settings()["DATA_DIR"])
    with closing(Ledger(data)) as ledger:

        def look() -> Verdict:
            return Verdict(worlds, ledger, poster.videos, data / "work")

        while not look().is_quiet():
            await asyncio.sleep(0.05)
        assert await process.stop() == 0
        return list(look().sentences())
