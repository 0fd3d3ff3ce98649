"""The composition root: every part is made here, once, and given what it needs."""

import asyncio
import logging
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from bot.client import AuditscribeBot, use_addresses
from bot.lock import only_bot_in
from bot.start import check_databases, log_in, open_storage, stay_connected
from cogs.alerts import Alerts
from cogs.attachments import attachment_resolver
from cogs.catch_up import CatchUp
from cogs.intake import Intake
from cogs.listener import Listener
from cogs.lost_pages import LostPages
from cogs.progress import Progress
from cogs.status import Status
from config.notion_config import default_routes
from config.settings import Settings
from services.clients.guard import Guard
from services.clients.media_tool import take_apart
from services.clients.notion import NotionClient
from services.clients.web import WebFiles
from services.clients.whisper import WhisperTranscriber
from services.clients.ytdlp import YtDlp
from services.jobs.job import Job
from services.jobs.retry import RetryPolicy
from services.pipeline.download import DownloadAttachment, DownloadLink
from services.pipeline.finish import Finish
from services.pipeline.notion_status import NotionStatus
from services.pipeline.pages import Pages
from services.pipeline.probe import ProbeAttachment, ProbeLink
from services.pipeline.runner import JobRunner
from services.pipeline.tasks import Tasks
from services.pipeline.transcribe import Transcribe
from services.pipeline.upload import Upload
from services.queue.local import LocalQueue
from services.recorder import Recorder
from services.store import JobStore, open_store

log = logging.getLogger(__name__)

_LAST_REPORTS_S = 1.0
"""How long a stopping bot waits for reports that are under way."""


_REPORT_AGAIN = timedelta(days=7)
"""How old an end may be that a start still looks at for a missing report."""


class Reports(Protocol):
    """An observer whose reports can be waited for."""

    async def drain(self) -> None: ...


async def run(settings: Settings, drive_folders: Mapping[str, str], stop: asyncio.Event) -> None:
    """Run the bot until `stop` is set, be it in the middle of the start; then close cleanly.

    Raises:
        StartError: a setting is wrong, as only the services themselves can tell.
        OperatorError: Notion does not accept its token.
    """
    has_started = asyncio.Event()
    running = asyncio.create_task(_run(settings, drive_folders, stop, has_started))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not has_started.is_set():
        running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def _run(
    settings: Settings, drive_folders: Mapping[str, str], stop: asyncio.Event, has_started: asyncio.Event
) -> None:
    use_addresses(settings.discord_api_url, settings.discord_gateway_url)
    routes = default_routes(
        discord_message_db=settings.discord_message_db_id,
        videos_db=settings.videos_db_id,
        drive_uploads_db=settings.drive_uploads_db_id,
        drive_folders=drive_folders,
    )
    zone = ZoneInfo(settings.timezone)

    def clock() -> datetime:
        return datetime.now(zone)

    async with AsyncExitStack() as stack:
        stack.enter_context(only_bot_in(settings.data_dir))
        store = await stack.enter_async_context(aclosing(await open_store(settings.ledger_url)))
        notion = await stack.enter_async_context(
            aclosing(NotionClient(settings.notion_token.get_secret_value(), settings.notion_api_url))
        )
        await check_databases(notion, settings)
        guard = await stack.enter_async_context(Guard(settings.allow_private_hosts))
        transcriber = await stack.enter_async_context(aclosing(_transcriber(settings)))
        bot = await stack.enter_async_context(AuditscribeBot(settings.discord_guild_ids, store))

        pages = Pages(notion, clock)
        notion_status = await stack.enter_async_context(aclosing(NotionStatus(notion, pages, store)))
        progress = await stack.enter_async_context(aclosing(Progress(bot, store)))
        alerts = await stack.enter_async_context(aclosing(Alerts(bot, store)))
        recorder = Recorder(store, [notion_status, progress, alerts])

        resolve = attachment_resolver(bot)
        ytdlp = _ytdlp(settings, guard)
        last_stages = (
            Transcribe(transcriber, settings.whisper_language),
            Upload(open_storage(settings, store), zone),
            Finish(pages, notion_status.quiet),
        )
        runner = JobRunner(
            recorder,
            RetryPolicy(settings.max_attempts),
            settings.data_dir.resolve() / "work",
            clock,
            settings.job_time_limit_s,
        )
        tasks = Tasks(
            runner,
            link_stages=(ProbeLink(ytdlp), DownloadLink(ytdlp, take_apart, settings.max_duration_s), *last_stages),
            attachment_stages=(
                ProbeAttachment(resolve),
                DownloadAttachment(
                    resolve,
                    WebFiles(guard.url, stall_timeout_s=settings.stall_timeout_s),
                    take_apart,
                    settings.max_filesize_mb * 2**20,
                    settings.max_duration_s,
                ),
                *last_stages,
            ),
        )
        queue = LocalQueue(recorder, workers=settings.workers, clock=clock)
        recorder.tell_also(queue)
        notion.when_back = lambda: queue.wake(Finish.name)
        intake = Intake(queue, routes, bot.serves, clock)
        lost_pages = LostPages(bot, intake, store=store, pages=pages, notion=notion, routes=routes.routes)
        catch_up = CatchUp(
            bot, intake, store, newest_known=pages.newest_message_id, take_up_lost_pages=lost_pages.take_up
        )
        listener = Listener(catch_up, intake, queue, store)
        bot.with_cogs(listener, Status(store, bot.serves))

        await log_in(bot, settings.discord_token.get_secret_value())
        restored = await queue.restore()
        await runner.sweep({job.id for job in restored})
        await _report_again(restored, store, notion_status, progress, since=clock() - _REPORT_AGAIN)
        has_started.set()
        await _until(
            stop,
            stay_connected(bot),
            _side_by_side(queue.serve(tasks.process, runner.cancel), listener.serve(bot)),
            reports=(notion_status, progress, alerts),
        )


async def _report_again(
    restored: Sequence[Job], store: JobStore, notion_status: NotionStatus, progress: Progress, *, since: datetime
) -> None:
    """Make the reports that a stopped bot may have left unmade; each finds what is there before it makes anything."""
    for job in restored:
        for other in await store.of_message(job.origin.message_id):
            if other.has_ended:  # it has a say in the message's reaction
                progress.notice(other)
    for job in await store.ended_since(since, without=notion_status.name):
        notion_status.notice(job)
    unreported = [job for name in progress.names for job in await store.ended_since(since, without=name)]
    for job in {job.id: job for job in unreported}.values():
        progress.notice(job)


async def _until(
    stop: asyncio.Event,
    connection: Coroutine[Any, Any, None],
    pool: Coroutine[Any, Any, None],
    *,
    reports: Sequence[Reports],
) -> None:
    """Serve until `stop` is set, or until a fault ends the connection or the pool; then let the last reports go out."""
    connected, working = asyncio.create_task(connection), asyncio.create_task(pool)
    stopping = asyncio.create_task(stop.wait())
    ended, _ = await asyncio.wait({connected, working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    working.cancel()
    stopping.cancel()
    with suppress(TimeoutError):
        async with asyncio.timeout(_LAST_REPORTS_S):
            await asyncio.gather(*(report.drain() for report in reports))
    connected.cancel()
    await asyncio.gather(connected, working, stopping, return_exceptions=True)
    for task in ended:
        task.result()


async def _side_by_side(*services: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(service)


def _ytdlp(settings: Settings, guard: Guard) -> YtDlp:
    return YtDlp(
        max_height=settings.max_height,
        max_filesize_mb=settings.max_filesize_mb,
        max_duration_s=settings.max_duration_s,
        cookies=settings.ytdlp_cookies_file,
        proxy=guard.url,
        allow_any_site=settings.allow_any_site,
        open_hosts=settings.allow_private_hosts,
        stall_timeout_s=settings.stall_timeout_s,
    )


def _transcriber(settings: Settings) -> WhisperTranscriber:
    return WhisperTranscriber(
        model=settings.whisper_model,
        device=settings.whisper_device,
        compute_type=settings.whisper_compute_type,
        workers=settings.workers,
        stall_timeout_s=settings.stall_timeout_s,
    )
