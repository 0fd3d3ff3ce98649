"""`make chaos`: the bot is killed 200 times, each kill is printed, and the verdict decides the exit status."""

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
from tests.e2e.chaos.harness import Chaos
from tests.e2e.chaos.many import WORKERS, ManyChaos
from tests.e2e.chaos.verdict import tell
from tests.postgres import new_database, postgres

say = partial(print, flush=True)


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
        say(f"The bot's log and its ledger are in {folder}.")
        return 1
    rmtree(folder)
    return 0


async def chaos(folder: Path, kills: int, seed: int) -> list[str]:
    """Return what was wrong in the end, all of it printed."""
    say(f"{kills} kills, seed {seed}\n  no  after    moment | where the videos were | requests without an answer")
    async with Worlds(folder) as worlds:
        run = Chaos(worlds, seed, say)
        try:
            wrong = await run.run(kills)
        except BotDiedError as error:
            wrong = [str(error)]
    say(run.table())
    tell(wrong, say)
    return wrong


async def many_chaos(folder: Path, videos: int, kills: int, seed: int) -> list[str]:
    """The same of a bot and three workers."""
    say(f"{videos} videos, {kills} kills of a bot and {WORKERS} workers, seed {seed}")
    with postgres() as server:
        async with Worlds(folder) as worlds:
            wrong = await ManyChaos(worlds, new_database(server), seed, say).run(videos, kills)
    tell(wrong, say)
    return wrong


if __name__ == "__main__":
    sys.exit(main())
