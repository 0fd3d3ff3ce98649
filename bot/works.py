"""What every process needs that runs jobs: the clients of the services, the stages, and the reports to Notion."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import discord

from bot.known_secrets import redaction_of
from bot.routes import routes_of
from bot.stages import tasks_of
from bot.start import check_databases, open_storage
from cogs.attachments import attachment_resolver
from config.notion_config import Routes
from config.settings import Settings
from services.clients.guard import Guard
from services.clients.notion import NotionClient
from services.clients.notion_blocks import NotionBlocks
from services.clients.notion_files import NotionFiles
from services.clients.own_loop import on_own_loop
from services.clients.whisper import WhisperTranscriber
from services.jobs.retry import RetryPolicy
from services.overview import Overview
from services.pipeline.answer import AnswerOrProbe
from services.pipeline.finish import Finish
from services.pipeline.known_pages import KnownPages
from services.pipeline.notion_status import NotionStatus
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from services.pipeline.runner import JobRunner
from services.pipeline.tasks import Tasks
from services.pipeline.transcribe import Transcribe
from services.pipeline.transcript_files import TranscriptFiles
from services.pipeline.upload import Upload
from services.recorder import Recorder
from services.store import JobStore
from services.turns import Alone


@dataclass(frozen=True, slots=True)
class Works:
    """Parts that others are built upon."""

    routes: Routes
    clock: Callable[[], datetime]
    notion: NotionClient
    known_pages: KnownPages
    overview: Overview
    notion_status: NotionStatus
    recorder: Recorder
    """It tells Notion; whoever else is to be told says so."""
    runner: JobRunner
    tasks: Tasks


async def open_works(
    stack: AsyncExitStack,
    settings: Settings,
    drive_folders: Mapping[str, str],
    store: JobStore,
    *,
    clock: Callable[[], datetime],
    client: discord.Client,
    alone: Alone,
) -> Works:
    """Make all of it, to be closed with `stack`; `client` fetches attachments. Raises as `bot.app.run` does."""
    routes = routes_of(settings, drive_folders)
    notion = await stack.enter_async_context(
        aclosing(NotionClient(settings.notion_token.get_secret_value(), settings.notion_api_url))
    )
    await check_databases(notion, settings, routes.routes)
    guard = await stack.enter_async_context(on_own_loop(Guard(settings.allow_private_hosts)))
    transcriber = await stack.enter_async_context(aclosing(_transcriber(settings)))

    pages, known_pages = Pages(notion, clock, alone), KnownPages(notion)
    body = PageBody(NotionBlocks(notion.wire), clock)
    overview = Overview(store, transcriber.model)
    notion_status = await stack.enter_async_context(
        aclosing(NotionStatus(notion, pages, body, store, overview, alone=alone))
    )
    notion.wire.when_back.append(notion_status.hurry)
    files = await stack.enter_async_context(aclosing(TranscriptFiles(NotionFiles(notion.wire), pages.table)))
    recorder = Recorder(store, [notion_status, files])
    runner = JobRunner(
        recorder,
        _retry_policy(settings),
        settings.data_dir.resolve() / "work",
        clock,
        settings.job_time_limit_s,
    )
    tasks = tasks_of(
        settings,
        runner,
        guard_url=guard.url,
        resolve=attachment_resolver(client),
        answering=partial(AnswerOrProbe, known_pages, pages, body, notion_status.quiet),
        transcribe=Transcribe(transcriber, settings.whisper_language),
        upload=Upload(open_storage(settings, store, alone), ZoneInfo(settings.timezone)),
        finish=Finish(pages, body, files, notion_status.quiet),
    )
    return Works(routes, clock, notion, known_pages, overview, notion_status, recorder, runner, tasks)


def _retry_policy(settings: Settings) -> RetryPolicy:
    return RetryPolicy(
        settings.max_attempts,
        look_again_s=settings.live_retry_s,
        patience=timedelta(days=settings.live_patience_days),
        redaction=redaction_of(settings),
    )


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
