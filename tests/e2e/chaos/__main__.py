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
from tests.e2e.chaos.many import WORKERS, ManyChaos
from tests.postgres import new_database, postgres


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, help="200, or 10 on Postgres")
    parser.add_argument("--postgres", action="store_true", help="the bot and three workers on a Postgres ledger")
    parser.add_argument("--videos", type=int, default=60, help="on Postgres, where all of them are posted at once")
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10_000), help="the same seed kills in the same order"
    )
    options = parser.parse_args()
    logging.getLogger("aiohttp.server").setLevel("CRITICAL")  # who is killed does not finish its requests
    folder = Path(mkdtemp(prefix="auditscribe-chaos-"))
    if options.postgres:
        wrong = asyncio.run(many_chaos(folder, options.videos, options.kills or 10, options.seed))
    else:
        wrong = asyncio.run(chaos(folder, options.kills or 200, options.seed))
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
    return _told(wrong)


async def many_chaos(folder: Path, videos: int, kills: int, seed: int) -> list[str]:
    """The same of a bot and three workers."""
    _say(f"{videos} videos, {kills} kills of a bot and {WORKERS} workers, seed {seed}")
    with postgres() as server:
        async with Worlds(folder) as worlds:
            return _told(await ManyChaos(worlds, new_database(server), seed, _say).run(videos, kills))


def _told(wrong: list[str]) -> list[str]:
    for sentence in wrong:
        _say(f"WRONG: {sentence}")
    _say(f"{len(wrong)} faults." if wrong else "Every video is one page, one folder, each file once, one card.")
    return wrong


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
