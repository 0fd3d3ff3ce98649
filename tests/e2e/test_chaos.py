"""Killed at stage boundaries, in the middle of things and at random, the bot loses nothing, doubles nothing."""

import pytest

from sandbox.worlds import Worlds
from tests.e2e.chaos.harness import Chaos

KILLS = 16
SEED = 3
"""`make chaos` has more kills, at every moment there is, and another seed each time."""


@pytest.mark.timeout(600)
async def test_a_bot_that_is_killed_at_any_instant_does_every_video_exactly_once(worlds: Worlds) -> None:
    chaos = Chaos(worlds, SEED, print)

    wrong = await chaos.run(KILLS)

    assert wrong == []
    assert chaos.hits.keys() == {
        "boundary",
        "download bytes",
        "transcription",
        "upload chunk",
        "between effect and record",
        "random instant",
    }
