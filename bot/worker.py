"""`python -m bot worker`: a process that does nothing but run jobs, on this machine or another."""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from zoneinfo import ZoneInfo

import discord

from bot.client import use_addresses
from bot.clock import Clock
from bot.http import Http
from bot.life import side_by_side, until
from bot.metrics import Metrics
from bot.shared import open_shared
from bot.start import StartError, log_in
from bot.window import Vitals
from bot.works import open_works
from config.settings import Settings

log = logging.getLogger(__name__)


async def run(settings: Settings, drive_folders: Mapping[str, str], stop: asyncio.Event) -> None:
    """Run jobs until `stop` is set; others go on with those that are not done.

    Raises:
        as `bot.app.run` does; StartError also where there is no Postgres to share.
    """
    url = settings.postgres_url
    if url is None:
        raise StartError("A worker needs a DATABASE_URL of a Postgres: with SQLite, the bot runs every job itself.")
    use_addresses(settings.discord_api_url, settings.discord_gateway_url)
    clock = Clock(ZoneInfo(settings.timezone))
    metrics = Metrics(clock)
    async with AsyncExitStack() as stack:
        shared = await open_shared(stack, settings, url)
        store = shared.store
        client = await stack.enter_async_context(
            discord.Client(intents=discord.Intents(guilds=True), http_trace=metrics.discord_requests())
        )
        works = await open_works(
            stack, settings, drive_folders, store, clock=clock, client=client, alone=shared.turns.alone
        )
        works.notion.wire.when_answered.append(metrics.notion_answered)
        vitals = Vitals(settings, metrics, overview=works.overview, store=store)
        works.recorder.tell_also(vitals)
        crew = shared.crew(settings, works)
        await log_in(client, settings.discord_token.get_secret_value())
        await works.runner.sweep()
        await _show(stack, settings, vitals)
        log.info("worker: %s runs %d jobs at once", shared.name, settings.workers)
        await until(
            stop,
            shared.feed.follow(crew.hear),
            side_by_side(vitals.watching(crew.serve(works.tasks.process))),
            damaged=store.damaged,
            reports=(works.notion_status,),
        )


async def _show(stack: AsyncExitStack, settings: Settings, vitals: Vitals) -> None:
    """Listen at PORT; where the bot does so already, on the same machine, the worker works all the same."""
    if settings.port is None:
        return
    try:
        await stack.enter_async_context(Http(settings.http_host, settings.port, vitals.routes()))
    except StartError as error:
        log.warning("http: %s This worker's health and metrics are not to be seen.", error)
