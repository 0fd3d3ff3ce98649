"""`make soak`: 500 short videos, 15 faults a minute and 3 kills; the verdict decides the exit status."""

import argparse
import asyncio
import logging
import secrets
import sys
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp

from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotDiedError
from tests.e2e.soak.harness import Soak

SHORT = 200
"""With fewer videos the bot's memory is not judged: it is still warming up."""


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
        _say(f"The bot's log and its ledger are in {folder}.")
        return 1
    rmtree(folder)
    return 0


async def soak(folder: Path, videos: int, kills: int, seed: int) -> list[str]:
    """Return what was wrong in the end, all of it printed."""
    _say(f"{videos} videos, {kills} kills, seed {seed}; in {folder}")
    async with Worlds(folder) as worlds:
        try:
            wrong = await Soak(worlds, seed, _say, is_long=videos >= SHORT).run(videos, kills)
        except (BotDiedError, TimeoutError) as error:
            wrong = [str(error) or "the bot does not connect"]
    for sentence in wrong:
        _say(f"WRONG: {sentence}")
    _say(f"{len(wrong)} faults." if wrong else "Every video is one page, one folder, each file once, one card.")
    return wrong


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
