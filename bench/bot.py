"""The bot that is measured: a process of its own, so that the worlds' work is not counted as the bot's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess

_STARTS_WITHIN_S = 500.0
"""With ten thousand jobs in line it takes minutes, if others use the machine too."""


@asynccontextmanager
async def running_bot(worlds: Worlds, *, module: str = "bot", **settings: str) -> AsyncIterator[BotProcess]:
    """Yield the bot once it listens; it is stopped at the end. Another `module` than the bot's runs it within itself.

    Raises:
        BotDiedError: it ended by itself.
    """
    bot = BotProcess(worlds, settings, module)
    await bot.start()
    listening = asyncio.create_task(worlds.discord.until(lambda: worlds.discord.connected, _STARTS_WITHIN_S))
    dying = asyncio.create_task(bot.death())
    try:
        [first, *_], _ = await asyncio.wait({listening, dying}, return_when=asyncio.FIRST_COMPLETED)
        first.result()
        yield bot
    finally:
        listening.cancel()
        if bot.runs:
            dying.cancel()
            await bot.stop()
        else:
            await dying
