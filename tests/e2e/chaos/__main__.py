"""`make chaos`: the bot is killed 200 times, each kill is printed, and the verdict decides the exit status."""

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
from tests.e2e.chaos.harness import Chaos


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10_000), help="the same seed kills in the same order"
    )
    options = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel("CRITICAL")  # who is killed does not finish its requests
    folder = Path(mkdtemp(prefix="auditscribe-chaos-"))
    wrong = asyncio.run(chaos(folder, options.kills, options.seed))
    if wrong:
        _say(f"The bot's log and its ledger are in {folder}.")
        return 1
    rmtree(folder)
    return 0


async def chaos(folder: Path, kills: int, seed: int) -> list[str]:
    """Return what was wrong in the end, all of it printed."""
    _say(f"{kills} kills, seed {seed}\n  no  after    moment | where the videos were | requests without an answer")
    async with Worlds(folder) as worlds:
        run = Chaos(worlds, seed, _say)
        try:
            wrong = await run.run(kills)
        except BotDiedError as error:
            wrong = [str(error)]
    _say(run.table())
    for sentence in wrong:
        _say(f"WRONG: {sentence}")
    _say(f"{len(wrong)} faults." if wrong else "Every video is one page, one folder, each file once, one card.")
    return wrong


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
