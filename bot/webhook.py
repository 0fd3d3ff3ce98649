"""The door for flows that make their own pages in Notion: a page and a link in, a job's id out."""

import asyncio
import hmac
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

import discord
from aiohttp import web
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from bot.http import RequestError
from config.notion_config import ChannelRoute, Routes
from services.clients.notion import NotionClient
from services.errors import OperatorError, PermanentError, TransientError
from services.jobs.job import STOPPED, Job, JobStatus, Origin
from services.jobs.source import VideoSource, source_of_link
from services.queue.protocol import JobQueue
from services.store import JobStore
from services.words import readable

log = logging.getLogger(__name__)

_READY_S = 10.0
"""How long a request waits for a bot that has just started."""
_HEADER = "X-Webhook-Secret"
_LINK_LENGTH = 2000
"""Characters that Notion takes as a url."""
_FOLDER = re.compile(r"[A-Za-z0-9_-]{1,200}")


def _link(text: str) -> str:
    link = readable(text.strip())
    if any(map(str.isspace, link)) or source_of_link(link) is None:
        raise ValueError("must be one link that starts with http:// or https://")
    return link


def _folder_id(text: str) -> str:
    if not _FOLDER.fullmatch(text):
        raise ValueError("must be the id of a folder in Google Drive")
    return text


def _page_id(text: str) -> str:
    try:
        return str(UUID(text.strip()))
    except ValueError:
        raise ValueError("must be the id of a page in Notion") from None


class Wanted(BaseModel):
    """What a flow sends; what else it sends is ignored, and an empty text is as good as none."""

    discord_entry_id: Annotated[str, AfterValidator(_page_id)]
    youtube_url: Annotated[str, Field(max_length=_LINK_LENGTH), AfterValidator(_link)]
    channel: Annotated[str, Field(max_length=100)]
    parent_drive_folder_id: Annotated[
        Annotated[str, AfterValidator(_folder_id)] | None, BeforeValidator(lambda value: value or None)
    ] = None

    @property
    def source(self) -> VideoSource:
        source = source_of_link(self.youtube_url)
        assert source, "it was validated"  # noqa: S101 (for the type checker)
        return source


class Webhook:
    """`find_channel` returns the Discord channel of a route, where the bot knows it: once Discord is `ready`."""

    def __init__(
        self,
        secret: str,
        *,
        queue: JobQueue,
        store: JobStore,
        notion: NotionClient,
        routes: Routes,
        find_channel: Callable[[ChannelRoute], discord.abc.GuildChannel | None],
        ready: Callable[[], Awaitable[None]],
        clock: Callable[[], datetime],
    ) -> None:
        self._secret = secret.encode()
        self._queue = queue
        self._store = store
        self._notion = notion
        self._routes = routes
        self._find_channel = find_channel
        self._ready = ready
        self._clock = clock

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.post("/webhook/process-video", self._take)
        yield web.get("/task/{task_id}", self._tell)

    async def _take(self, request: web.Request) -> web.Response:
        """Ask for the job of a page and its video; the same request again asks nothing new, or tries once more."""
        self._check(request.headers.get(_HEADER, ""))
        with suppress(TimeoutError):  # until then no channel is known
            async with asyncio.timeout(_READY_S):
                await self._ready()
        job = self._requested(_read(await request.read()))
        known = await self._store.find(job.id)
        if known is None:
            is_taken = bool(await self._queue.submit([await self._with_page(job)]))
        else:
            is_taken = await self._again(known, job)
        if is_taken:
            log.info("%s: asked for by a flow, for #%s: %s", job.id, job.route.channel, job.source.label)
        now = await self._store.find(job.id) or job
        return web.json_response({"task_id": now.id, "status": now.status}, status=202 if is_taken else 200)

    async def _again(self, known: Job, job: Job) -> bool:
        """Try a stopped job once more, and one that waits if the request has another folder, on the route asked for."""
        if known.status is JobStatus.WAITING and known.route.drive_folder != job.route.drive_folder:
            await self._queue.cancel(job.id, by="a corrected request")
        elif known.status not in STOPPED:
            return False
        return await self._queue.retry(job.id, (await self._with_page(job)).route)

    async def _tell(self, request: web.Request) -> web.Response:
        """Tell of a job of this door; those of Discord's messages have ids that can be guessed."""
        job = await self._store.find(request.match_info["task_id"])
        if job is None or job.page_id is None:
            raise RequestError(404, "There is no such task.")
        return web.json_response(
            {
                "task_id": job.id,
                "status": job.status,
                "stage": job.stage,
                "progress": job.progress,
                "error": job.error,
                "page_url": job.artifacts.page_url or job.origin.message_url,
            }
        )

    def _check(self, secret: str) -> None:
        if not hmac.compare_digest(secret.encode(errors="surrogateescape"), self._secret):
            raise RequestError(403, f"{_HEADER} is missing or wrong.")

    def _requested(self, wanted: Wanted) -> Job:
        channel_id = int(wanted.channel) if wanted.channel.isdecimal() else None
        route = self._routes.find(wanted.channel, channel_id)
        if route is None:
            watched = ", ".join(route.channel for route in self._routes.routes)
            raise RequestError(422, f"channel is wrong: it must be one of {watched}.", field="channel")
        route = replace(route, drive_folder=wanted.parent_drive_folder_id or route.drive_folder)
        page_id, now = wanted.discord_entry_id, self._clock()
        return Job.requested(wanted.source, route, self._origin(page_id, route, now), now, page_id=page_id)

    def _origin(self, page_id: str, route: ChannelRoute, now: datetime) -> Origin:
        """Return the page as the place where the video was posted; those who see the channel see its job."""
        channel = self._find_channel(route)
        return Origin(
            guild_id=channel.guild.id if channel else 0,
            guild_name=channel.guild.name if channel else "",
            channel_id=channel.id if channel else 0,
            channel_name=channel.name if channel else route.channel,
            message_id=0,
            message_url=f"https://www.notion.so/{page_id.replace('-', '')}",
            author_id=0,
            author_name="webhook",
            content="",
            posted_at=now,
        )

    async def _with_page(self, job: Job) -> Job:
        """Return the job with the table and the address of its page, which may be in another table than the channel's.

        While Notion cannot be asked, the page is taken for one of the channel's.
        """
        try:
            page = await self._notion.page(job.page_id or "")
        except (TransientError, OperatorError) as error:
            log.warning("%s: its page could not be looked at: %s", job.id, error)
            return job
        except PermanentError as error:
            raise RequestError(422, f"discord_entry_id is wrong: {error}", field="discord_entry_id") from None
        if not page.data_source:
            raise RequestError(422, "discord_entry_id is wrong: the page is in no database.", field="discord_entry_id")
        return replace(
            job,
            route=replace(job.route, database=page.data_source),
            origin=replace(job.origin, message_url=page.url or job.origin.message_url),
        )


def _read(body: bytes) -> Wanted:
    try:
        return Wanted.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_input=False)[0]
    if fault["type"] == "json_invalid":
        raise RequestError(422, "The body is no JSON.", field="body")
    if not fault["loc"]:
        raise RequestError(422, "The body must be a JSON object.", field="body")
    field, reason = str(fault["loc"][0]), fault["msg"].removeprefix("Value error, ")
    what = "is missing" if fault["type"] == "missing" else f"is wrong: {reason[:1].lower()}{reason[1:]}"
    raise RequestError(422, f"{field} {what}.", field=field)
