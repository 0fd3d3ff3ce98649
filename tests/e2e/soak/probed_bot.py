"""The bot with a probe in its own event loop: `python -m tests.e2e.soak.probed_bot`, settings as the bot's.

The folder LOOP_LAGS gets a histogram for each life, named by the process; a SIGKILL costs its last second.
"""

import asyncio
import os
from pathlib import Path

from bot import __main__ as bot
from bot import app, log
from config.settings import load_settings
from tests.e2e.soak.gauges import Lags

EVERY_S = 0.01
SAVED_EVERY = 100
FOLDER = "LOOP_LAGS"


async def main() -> None:
    settings = load_settings()
    log.configure(settings.log_level)
    probing = asyncio.create_task(_probe(Path(os.environ[FOLDER]) / f"{os.getpid()}.json"))
    await bot._run_until_signal(app.run, settings)
    probing.cancel()


async def _probe(file: Path) -> None:
    """Note how much later than asked for the loop comes back, all the time."""
    loop, lags = asyncio.get_running_loop(), Lags()
    while True:
        for _ in range(SAVED_EVERY):
            due = loop.time() + EVERY_S
            await asyncio.sleep(EVERY_S)
            lags.note(max(loop.time() - due, 0.0))
        lags.save(file)


if __name__ == "__main__":
    asyncio.run(main())
