"""Everything that listens to Discord, over a real ledger whose jobs nobody runs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager

import discord
from discord.ext import commands

from cogs.catch_up import CatchUp
from cogs.intake import Intake
from cogs.listener import Listener
from cogs.refusals import Refusals
from config.notion_config import ChannelRoute, Routes, default_routes
from services.admission import Admission, Limits
from services.errors import TransientError
from services.jobs.job import Job
from services.queue.local import LocalQueue
from services.recorder import Recorder
from services.store import JobStore
from tests.builders import NOON

ROUTES = default_routes(discord_message_db="audit", videos_db="videos", drive_uploads_db=None, drive_folders={})


NO_LIMITS = Limits(message=10**9, poster=10**9, minute=10**9)


def an_intake(
    queue: LocalQueue,
    routes: Routes,
    serves: Callable[[discord.Guild | None], bool],
    *,
    store: JobStore,
    refusals: Refusals,
    limits: Limits = NO_LIMITS,
) -> Intake:
    return Intake(queue, routes, serves, lambda: NOON, admission=Admission(store, limits), refusals=refusals)


class Ears:
    """`newest_known` is what Notion says is the newest message that has a page, once it is not down."""

    def __init__(
        self,
        bot: commands.Bot,
        store: JobStore,
        serves: Callable[[discord.Guild | None], bool] = bool,
        *,
        newest_known: int | None = None,
        notion_down: bool = False,
        waits_s: Sequence[float] = (0.01,),
        limits: Limits = NO_LIMITS,
    ) -> None:
        self.notion_down = notion_down
        self.notion_was_asked = asyncio.Event()
        self.queue = MoodyQueue(Recorder(store), workers=0, clock=lambda: NOON)
        self._bot = bot
        self._recorder = Recorder(store)
        self._newest_known = newest_known
        self.refusals = Refusals(bot, store)
        intake = an_intake(self.queue, ROUTES, serves, store=store, refusals=self.refusals, limits=limits)
        self.catch_up = CatchUp(
            bot,
            intake,
            store,
            newest_known=self._find_newest,
            take_up_lost=(self._find_no_lost_page,),
            waits_s=waits_s,
        )
        self.listener = Listener(self.catch_up, intake, self.queue, store)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Catch up, and let jobs be cancelled, while the block runs."""
        async with asyncio.TaskGroup() as group:
            cancelling = group.create_task(self.queue.serve(self._never_run, self._cancel))
            listening = group.create_task(self.listener.serve(self._bot))
            yield
            listening.cancel()
            cancelling.cancel()

    async def _find_newest(self, _route: ChannelRoute, _channel_name: str) -> int | None:
        self.notion_was_asked.set()
        if self.notion_down:
            raise TransientError("Notion cannot be reached at the moment.")
        return self._newest_known

    async def _find_no_lost_page(self) -> bool:
        return True

    async def _never_run(self, job: Job) -> Job:
        raise NotImplementedError

    async def _cancel(self, job: Job, by: str) -> Job:
        return await self._recorder.record(job.cancelled(by, NOON))


class MoodyQueue(LocalQueue):
    """Fails as often as it is told, and counts."""

    failures = 0
    asked = 0

    async def submit(self, jobs: Iterable[Job]) -> list[Job]:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            raise RuntimeError("no room in the ledger")
        return await super().submit(jobs)
