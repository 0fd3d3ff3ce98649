"""`make soak`: 500 short videos, 15 faults a minute and 3 kills; the verdict decides the exit status."""

import argparse
import asyncio
import logging
import secrets
import sys
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotDiedError
from tests.e2e.chaos.verdict import tell
from tests.e2e.soak.harness import Soak

SHORT = 200
"""With fewer videos the bot's memory is not judged: it is still warming up."""

say = partial(print, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.soak", description=__doc__)
    parser.add_argument("--videos", type=int, default=500)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10_000), help="the same seed posts the same, with the same faults"
    )
    options = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel("CRITICAL")  # who is killed does not finish its requests
    folder = Path(mkdtemp(prefix="auditscribe-soak-"))
    wrong = asyncio.run(soak(folder, options.videos, options.kills, options.seed))
    if wrong:
        say(f"The bot's log and its ledger are in {folder}.")
        return 1
    rmtree(folder)
    return 0


async def soak(folder: Path, videos: int, kills: int, seed: int) -> list[str]:
    """Return what was wrong in the end, all of it printed."""
    say(f"{videos} videos, {kills} kills, seed {seed}; in {folder}")
    async with Worlds(folder) as worlds:
        try:
            wrong = await Soak(worlds, seed, say, is_long=videos >= SHORT).run(videos, kills)
        except (BotDiedError, TimeoutError) as error:
            wrong = [str(error) or "the bot does not connect"]
    tell(wrong, say)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
