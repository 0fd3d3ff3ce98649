"""The bot with a probe in its own event loop: `python -m bench.probed_bot`, settings as the bot's.

At the end the file LOOP_LAGS has JSON: [moment, seconds] of each look, the moment by the loop's (monotonic) clock.
"""

import asyncio
import json
import os
import signal
from pathlib import Path

from bot import app, log
from config.settings import load_drive_folders, load_settings

EVERY_S = 0.01
FILE = "LOOP_LAGS"


async def main() -> list[tuple[float, float]]:
    """Run the bot until a signal comes; return what the probe noted."""
    settings = load_settings()
    log.configure(settings.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    lags: list[tuple[float, float]] = []
    probing = asyncio.create_task(probe(lags))
    await app.run(settings, load_drive_folders(), stop)
    probing.cancel()
    return lags


async def probe(lags: list[tuple[float, float]]) -> None:
    """Note how much later than asked for the loop comes back, all the time."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        lags.append((due, max(loop.time() - due, 0.0)))


if __name__ == "__main__":
    Path(os.environ[FILE]).write_text(json.dumps(asyncio.run(main())))
