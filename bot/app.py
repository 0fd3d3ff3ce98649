"""The composition root: every part is made here, once, and given what it needs."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, nullcontext, suppress
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.client import AuditscribeBot, use_addresses
from bot.clock import Clock
from bot.doctor import examine
from bot.http import Http
from bot.known_secrets import redaction_of
from bot.life import report_again, side_by_side, until
from bot.lock import only_bot_in
from bot.metrics import Metrics
from bot.news import tell_news
from bot.routes import routes_of
from bot.stages import tasks_of
from bot.start import check_databases, log_in, open_storage, stay_connected
from bot.webhook import Webhook
from bot.window import Window
from cogs.alerts import Alerts
from cogs.attachments import attachment_resolver
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
from services.clients.guard import Guard
from services.clients.notion import NotionClient
from services.clients.notion_blocks import NotionBlocks
from services.clients.notion_files import NotionFiles
from services.clients.own_loop import on_own_loop
from services.clients.whisper import WhisperTranscriber
from services.jobs.retry import RetryPolicy
from services.ledger_file import DamagedLedgerError
from services.overview import Overview
from services.pipeline.answer import AnswerOrProbe
from services.pipeline.finish import Finish
from services.pipeline.known_pages import KnownPages
from services.pipeline.notion_status import NotionStatus
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from services.pipeline.runner import JobRunner
from services.pipeline.transcribe import Transcribe
from services.pipeline.transcript_files import TranscriptFiles
from services.pipeline.upload import Upload
from services.queue.line import LineWatch
from services.queue.local import LocalQueue
from services.recorder import Recorder
from services.store import open_or_begin_anew

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


async def _run(  # noqa: PLR0915 (everything is put together here, once)
    settings: Settings,
    drive_folders: Mapping[str, str],
    stop: asyncio.Event,
    has_started: asyncio.Event,
    *,
    is_damaged: bool = False,
) -> None:
    use_addresses(settings.discord_api_url, settings.discord_gateway_url)
    routes = routes_of(settings, drive_folders)
    zone = ZoneInfo(settings.timezone)
    clock = Clock(zone)

    metrics = Metrics(clock)
    async with AsyncExitStack() as stack:
        stack.enter_context(only_bot_in(settings.data_dir))
        store = await open_or_begin_anew(settings.ledger_url, clock(), is_damaged=is_damaged)
        await stack.enter_async_context(aclosing(store))
        notion = await stack.enter_async_context(
            aclosing(NotionClient(settings.notion_token.get_secret_value(), settings.notion_api_url))
        )
        await check_databases(notion, settings, routes.routes)
        guard = await stack.enter_async_context(on_own_loop(Guard(settings.allow_private_hosts)))
        transcriber = await stack.enter_async_context(aclosing(_transcriber(settings)))
        bot = await stack.enter_async_context(
            AuditscribeBot(settings.discord_guild_ids, store, metrics.discord_requests())
        )

        pages, known_pages = Pages(notion, clock), KnownPages(notion)
        body = PageBody(NotionBlocks(notion.wire), clock)
        overview = Overview(store, transcriber.model)
        notion_status = await stack.enter_async_context(aclosing(NotionStatus(notion, pages, body, store, overview)))
        files = await stack.enter_async_context(aclosing(TranscriptFiles(NotionFiles(notion.wire), pages.table)))
        reactions = await stack.enter_async_context(aclosing(Reactions(bot, store)))
        cards = await stack.enter_async_context(aclosing(Cards(bot, store, overview, clock)))
        alerts = await stack.enter_async_context(aclosing(Alerts(bot, store)))
        refusals = await stack.enter_async_context(aclosing(Refusals(bot, store)))
        line = await stack.enter_async_context(aclosing(LineWatch(overview, [cards.refresh, notion_status.refresh])))
        reports = (notion_status, reactions, cards)
        window = Window(settings, metrics, overview=overview, store=store, is_connected=lambda: bot.is_connected)
        recorder = Recorder(store, [*reports, alerts, line, files, window])

        runner = JobRunner(
            recorder,
            RetryPolicy(
                settings.max_attempts,
                look_again_s=settings.live_retry_s,
                patience=timedelta(days=settings.live_patience_days),
                redaction=redaction_of(settings),
            ),
            settings.data_dir.resolve() / "work",
            clock,
            settings.job_time_limit_s,
        )
        tasks = tasks_of(
            settings,
            runner,
            guard_url=guard.url,
            resolve=attachment_resolver(bot),
            answering=partial(AnswerOrProbe, known_pages, pages, body, notion_status.quiet),
            transcribe=Transcribe(transcriber, settings.whisper_language),
            upload=Upload(open_storage(settings, store), zone),
            finish=Finish(pages, body, files, notion_status.quiet),
        )
        queue = LocalQueue(recorder, workers=settings.workers, clock=clock, probe_s=settings.operator_retry_s)
        recorder.tell_also(queue)
        notion.wire.when_answered.append(metrics.notion_answered)
        notion.wire.when_back += (notion_status.hurry, partial(queue.wake, Finish.name))
        limits = Limits(settings.max_per_message, settings.max_per_poster, settings.max_per_minute)
        admission = Admission(store, limits)
        intake = Intake(queue, routes, bot.serves, clock, admission=admission, refusals=refusals)
        lost_pages = LostPages(
            bot, intake, bot.serves, store=store, pages=known_pages, notion=notion, routes=routes.routes
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
        steering = Steering(queue, overview, lookup, rights, clock)
        look_at_discord = partial(check_discord, bot, routes, settings.discord_guild_ids)
        bot.with_cogs(
            listener,
            Status(store, overview, lookup, rights),
            Commands(steering, lookup, store),
            Doctor(partial(examine, settings, routes, notion, look_at_discord), rights),
            menus=[TranscribeThis(intake, rights, store, overview).command()],
        )

        await log_in(bot, settings.discord_token.get_secret_value())
        restored = await queue.restore()
        await runner.sweep({job.id for job in restored})
        await report_again(restored, store, reports, reactions, clock())
        await refusals.restore()
        webhook = partial(
            Webhook,
            queue=queue,
            store=store,
            notion=notion,
            routes=routes,
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
                window.watching(queue.serve(tasks.process, runner.cancel)),
                listener.serve(bot),
                tell_news(store, clock),
            ),
            damaged=store.damaged,
            reports=(*reports, alerts, refusals),
        )


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


def _transcriber(settings: Settings) -> WhisperTranscriber:
    return WhisperTranscriber(
        model=settings.whisper_model,
        device=settings.whisper_device,
        compute_type=settings.whisper_compute_type,
        beam=settings.whisper_beam,
        workers=settings.whisper_workers,
        stall_timeout_s=settings.stall_timeout_s,
        max_duration_s=settings.max_duration_s,
    )
