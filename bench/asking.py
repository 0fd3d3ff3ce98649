"""How long a question takes, seen from Discord."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sandbox.discord.interactions import CHOICES, Interaction
from sandbox.discord.world import DiscordWorld

Ask = Callable[[], Awaitable[Interaction]]


@dataclass(frozen=True, slots=True)
class Timing:
    """One question, in milliseconds."""

    seen: float
    """From the deed to its answer's being seen."""
    bot: float
    """What of it the bot had: from the event to each of its requests, without the time that Discord took for those."""


async def timed(discord: DiscordWorld, ask: Ask) -> Timing:
    """Ask, and wait for the answer, which follows in a second request where the first one only defers it."""
    mark = len(discord.exchanges)
    interaction = await ask()
    answers = 1 if interaction.type == CHOICES else 2
    await discord.until(lambda: len(interaction.responses) == answers)
    at, in_bot = interaction.born, 0.0
    for exchange in discord.exchanges[mark:]:
        if interaction.token in exchange.path and exchange.answered_at:
            in_bot += exchange.at - at
            at = exchange.answered_at
    return Timing((at - interaction.born) * 1000, in_bot * 1000)
