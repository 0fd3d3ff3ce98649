"""The composition root: every part is made here, once, and given what it needs."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.client import AuditscribeBot, use_addresses
from bot.clock import Clock
from bot.doctor import examine
from bot.http import Http
from bot.life import keep_reported, report_again, side_by_side, until
from bot.lock import only_bot_in
from bot.metrics import Metrics
from bot.news import tell_news
from bot.shared import Shared, open_shared
from bot.start import log_in, stay_connected
from bot.webhook import Webhook
from bot.window import Window
from bot.works import Works, open_works
from cogs.alerts import Alerts
from cogs.begun_anew import BegunAnew
from cogs.cards import Cards
from cogs.catch_up import CatchUp
from cogs.commands import Commands
from cogs.discord_checks import check_discord
from cogs.doctor import Doctor
from cogs.intake import Intake
from cogs.listener import Listener
from cogs.lookup import Lookup
from cogs.lost_pages import LostPages
from cogs.reactions import Reactions
from cogs.refusals import Refusals
from cogs.rights import Rights
from cogs.status import Status
from cogs.steering import Steering
from cogs.transcribe_this import TranscribeThis
from config.settings import Settings
from services.admission import Admission, Limits
from services.feed import Feed
from services.jobs.observer import Observer
from services.ledger_file import DamagedLedgerError
from services.pipeline.finish import Finish
from services.pipeline.notion_status import NotionStatus
from services.queue.line import LineWatch
from services.queue.local import LocalQueue
from services.queue.postgres import PostgresQueue
from services.queue.protocol import JobQueue
from services.store import JobStore, open_or_begin_anew
from services.turns import no_others

log = logging.getLogger(__name__)


async def run(settings: Settings, drive_folders: Mapping[str, str], stop: asyncio.Event) -> None:
    """Run the bot until `stop` is set, be it in the middle of the start; then close cleanly.

    It begins anew where its ledger turns out to be damaged: once, since a second time it is the disk.

    Raises:
        SettingsError: the CHANNELS_FILE is wrong.
        StartError: a setting is wrong, as only the services themselves can tell.
        OperatorError: Notion does not accept its token.
        LedgerError: the ledger cannot be opened, or not even a new one holds what is written to it.
    """
    try:
        await _run_until(stop, partial(_run, settings, drive_folders, stop))
    except DamagedLedgerError:
        await _run_until(stop, partial(_run, settings, drive_folders, stop, is_damaged=True))


async def _run_until(stop: asyncio.Event, run: Callable[[asyncio.Event], Coroutine[None, None, None]]) -> None:
    """Cancel what has not started, as it tells by the event that it is given, when `stop` is set."""
    has_started = asyncio.Event()
    running = asyncio.create_task(run(has_started))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not has_started.is_set():
        running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _run(
    settings: Settings,
    drive_folders: Mapping[str, str],
    stop: asyncio.Event,
    has_started: asyncio.Event,
    *,
    is_damaged: bool = False,
) -> None:
    use_addresses(settings.discord_api_url, settings.discord_gateway_url)
    clock = Clock(ZoneInfo(settings.timezone))
    metrics = Metrics(clock)
    async with AsyncExitStack() as stack:
        stack.enter_context(only_bot_in(settings.data_dir))
        shared = await _open_shared(stack, settings)
        if shared:
            store = shared.store
        else:
            store = await open_or_begin_anew(settings.ledger_url, clock(), is_damaged=is_damaged)
            await stack.enter_async_context(aclosing(store))
        bot = await stack.enter_async_context(
            AuditscribeBot(settings.discord_guild_ids, store, metrics.discord_requests())
        )
        alone = shared.turns.alone if shared else no_others
        works = await open_works(stack, settings, drive_folders, store, clock=clock, client=bot, alone=alone)
        works.notion.wire.when_answered.append(metrics.notion_answered)

        told = await _open_reports(stack, bot, works, store)
        window = Window(settings, metrics, overview=works.overview, store=store, is_connected=lambda: bot.is_connected)
        queue = _open_queue(settings, works, shared, followers=(*told.followers, window))
        listener = _give_cogs(bot, settings, works, store, queue=queue, refusals=told.refusals)

        await log_in(bot, settings.discord_token.get_secret_value())
        services: list[Callable[[], Coroutine[Any, Any, None]]]
        services = [partial(listener.serve, bot), partial(tell_news, store, clock)]
        if shared and isinstance(queue, PostgresQueue):
            following = await _follow(stack, shared.feed, queue)
            services += [following, partial(keep_reported, store, told.of_jobs, clock)]
        restored = await queue.restore()
        await works.runner.sweep()
        await report_again(restored, store, told.of_jobs, told.reactions, clock())
        await told.refusals.restore()
        webhook = partial(
            Webhook,
            queue=queue,
            store=store,
            notion=works.notion,
            routes=works.routes,
            find_channel=bot.find_channel,
            ready=bot.wait_until_ready,
            clock=clock,
        )
        await stack.enter_async_context(_http(settings, webhook, window.routes()))
        await stack.enter_async_context(aclosing(window))
        has_started.set()
        await until(
            stop,
            stay_connected(bot),
            side_by_side(
                window.watching(queue.serve(works.tasks.process, works.runner.cancel)), *(serve() for serve in services)
            ),
            damaged=store.damaged,
            reports=(*told.of_jobs, told.alerts, told.refusals),
        )


async def _open_shared(stack: AsyncExitStack, settings: Settings) -> Shared | None:
    """Return what this bot has in common with its workers, as their only bot; None: its ledger is its own."""
    if settings.postgres_url is None:
        return None
    shared = await open_shared(stack, settings, settings.postgres_url)
    await shared.be_only_bot()
    return shared


@dataclass(frozen=True, slots=True)
class _Reports:
    """Who tells people what becomes of their videos."""

    of_jobs: tuple[NotionStatus, Reactions, Cards]
    """Of each job's end they remember whether they have told it."""
    reactions: Reactions
    alerts: Alerts
    refusals: Refusals
    followers: Sequence[Observer]
    """Those who tell it in Discord; the page is told of by whoever runs the job."""


async def _open_reports(stack: AsyncExitStack, bot: AuditscribeBot, works: Works, store: JobStore) -> _Reports:
    status, overview = works.notion_status, works.overview
    reactions = await stack.enter_async_context(aclosing(Reactions(bot, store)))
    cards = await stack.enter_async_context(aclosing(Cards(bot, store, overview, works.clock)))
    alerts = await stack.enter_async_context(aclosing(Alerts(bot, store)))
    refusals = await stack.enter_async_context(aclosing(Refusals(bot, store)))
    line = await stack.enter_async_context(aclosing(LineWatch(overview, [cards.refresh, status.refresh])))
    followers = (reactions, cards, alerts, line)
    return _Reports((status, reactions, cards), reactions, alerts, refusals, followers)


def _open_queue(
    settings: Settings, works: Works, shared: Shared | None, followers: Sequence[Observer]
) -> LocalQueue | PostgresQueue:
    """Return the queue, which is told of jobs as the `followers` are."""
    queue: LocalQueue | PostgresQueue
    if shared is None:
        queue = LocalQueue(
            works.recorder, workers=settings.workers, clock=works.clock, probe_s=settings.operator_retry_s
        )
    else:
        queue = PostgresQueue(
            works.recorder,
            shared.entries,
            shared.crew(settings, works) if settings.bot_runs_jobs else None,
            name=shared.name,
            clock=works.clock,
            probe_s=settings.operator_retry_s,
            followers=followers,
            disown=works.notion_status.disown,
        )
    for observer in (*followers, queue):
        works.recorder.tell_also(observer)
    works.notion.wire.when_back.append(partial(queue.wake, Finish.name))
    return queue


def _give_cogs(
    bot: AuditscribeBot, settings: Settings, works: Works, store: JobStore, *, queue: JobQueue, refusals: Refusals
) -> Listener:
    """Give the bot all that it does in Discord. Returns who listens there."""
    routes, overview, known_pages = works.routes, works.overview, works.known_pages
    limits = Limits(settings.max_per_message, settings.max_per_poster, settings.max_per_minute)
    admission = Admission(store, limits)
    intake = Intake(queue, routes, bot.serves, works.clock, admission=admission, refusals=refusals)
    lost_pages = LostPages(
        bot, intake, bot.serves, store=store, pages=known_pages, notion=works.notion, routes=routes.routes
    )
    begun_anew = BegunAnew(bot, intake, store)
    catch_up = CatchUp(
        bot,
        intake,
        store,
        newest_known=known_pages.newest_message_id,
        take_up_lost=(lost_pages.take_up, begun_anew.take_up),
    )
    listener = Listener(catch_up, intake, queue, store)
    rights = Rights(bot.serves)
    lookup = Lookup(store, overview, rights)
    steering = Steering(queue, overview, lookup, rights, works.clock)
    look_at_discord = partial(check_discord, bot, routes, settings.discord_guild_ids)
    bot.with_cogs(
        listener,
        Status(store, overview, lookup, rights),
        Commands(steering, lookup, store),
        Doctor(partial(examine, settings, routes, works.notion, look_at_discord), rights),
        menus=[TranscribeThis(intake, rights, store, overview).command()],
    )
    return listener


async def _follow(stack: AsyncExitStack, feed: Feed, queue: PostgresQueue) -> Callable[[], Coroutine[Any, Any, None]]:
    """Let the queue hear of other processes from now on. Returns what lasts as long as that does."""
    following = asyncio.create_task(feed.follow(queue.hear, queue.restore))
    stack.callback(following.cancel)
    await feed.listens.wait()

    async def lasts() -> None:
        await following

    return lasts


def _http(
    settings: Settings, webhook: Callable[[str], Webhook], shown: Iterable[web.RouteDef]
) -> AbstractAsyncContextManager[object]:
    """Return the HTTP side; without a PORT there is none."""
    secret = settings.webhook_secret
    if settings.port is not None:
        taken = webhook(secret.get_secret_value()).routes() if secret else ()
        return Http(settings.http_host, settings.port, [*shown, *taken])
    if secret:
        log.warning("http: WEBHOOK_SECRET is set, but PORT is not: nothing listens for the webhook")
    return nullcontext()
