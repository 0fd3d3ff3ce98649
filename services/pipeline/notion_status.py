"""Keeps a page's status and error true while its video is on its way. Only for routes with status hooks."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, nullcontext

from services.clients.notion import NotionClient
from services.clients.notion_blocks import RefusedBlocksError
from services.clients.notion_properties import Json
from services.jobs.job import STOPPED, Job, JobStatus, Stage
from services.overview import Overview
from services.pipeline.openings import Openings
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from services.pipeline.projection import Projection
from services.store import JobStore, TakenOverError
from services.turns import Alone, no_others

log = logging.getLogger(__name__)

ERROR_PREFIX = "Error in video processing: "
_WAITS = ""
"""What the page of a job says that no worker has taken yet."""
NUMBERS_EVERY_S = 15.0
"""How often a page's percent and time left are written, where the database has columns for them."""


class NotionStatus:
    """Opens the page when the job is requested, then writes each stage as its work begins.

    Where several processes work, each reports what it has recorded of the jobs that it holds, `alone` at a page: what
    is still to be told of a job that another one has taken meanwhile is out of date.
    """

    name = "page"
    """Of the report that a page shows its job's end, where that is an error."""

    def __init__(
        self,
        notion: NotionClient,
        pages: Pages,
        body: PageBody,
        store: JobStore,
        overview: Overview,
        *,
        alone: Alone = no_others,
        numbers_every_s: float = NUMBERS_EVERY_S,
    ) -> None:
        self._notion = notion
        self._pages = pages
        self._body = body
        self._store = store
        self._overview = overview
        self._alone = alone
        self._numbers_every_s = numbers_every_s
        self._reports: Projection[str, Job] = Projection("notion status", self._report)
        self._openings = Openings()
        self._told: dict[str, str] = {}
        self._told_at: dict[str, float] = {}
        self._written: dict[str, str] = {}

    def notice(self, job: Job) -> None:
        """Report the job if its page should now say something else."""
        status = _status_of(job)
        if status != _WAITS:
            self._openings.hurry(job.id)
        if job.route.has_status_hooks and status is not None:
            is_news = status != self._told.get(job.id)
            if is_news or self._may_tell_numbers(job):
                self._told[job.id] = status
                self._told_at[job.id] = asyncio.get_running_loop().time()
                self._reports.push(job.id, job)
        if job.has_ended:
            self._forget(job)

    def disown(self, job: Job) -> None:
        """Keep nothing of a job that another process has, or had: its page may say something else by now."""
        self._openings.hurry(job.id)
        self._forget(job)
        self._pages.forget(job)

    def _forget(self, job: Job) -> None:
        for known in (self._told, self._told_at, self._written):
            known.pop(job.id, None)

    async def refresh(self, job_ids: Iterable[str]) -> None:
        """Report the place in line of jobs around which something has moved."""
        for job_id in job_ids:
            job = await self._store.find(job_id)
            if job and job.status is JobStatus.QUEUED:
                self.notice(job)

    @asynccontextmanager
    async def quiet(self, job: Job) -> AsyncIterator[None]:
        """Hold the job's reports back while its page is completed.

        Raises:
            TakenOverError: another process has the job by now.
        """
        async with self._reports.quiet(job.id), self._alone(_page_of(job)):
            if not await self._holds(job):
                raise TakenOverError(job.id)
            yield

    def hurry(self) -> None:
        """Write now what could not be written while Notion was away."""
        self._reports.hurry()

    async def drain(self) -> None:
        await self._reports.drain()

    async def aclose(self) -> None:
        await self._reports.aclose()

    def _may_tell_numbers(self, job: Job) -> bool:
        """Whether only numbers are news, and it is time for them; never instead of a status that waits."""
        since_s = asyncio.get_running_loop().time() - self._told_at[job.id]
        return since_s >= self._numbers_every_s and not self._reports.is_busy(job.id)

    async def _report(self, _job_id: str, job: Job) -> None:
        waits = self._told.get(job.id) == _WAITS
        async with self._openings.turn(job) if waits else nullcontext(), self._alone(_page_of(job)):
            if await self._holds(job):
                await self._write(job)

    async def _holds(self, job: Job) -> bool:
        return await self._store.holder_of(job.id) == job.holder

    async def _write(self, job: Job) -> None:
        page_id = await self._pages.opened(job)
        details = await self._pages.details(job, await self._overview.forecast(job))
        status = _status_of(job)
        if status == Stage.ERROR:
            self._written.pop(job.id, None)
            self._pages.forget(job)  # should it be gone, a retry opens another one
            await self._report_error(page_id, job, details)
        elif status and (details or status != self._written.get(job.id)):
            await self._notion.update_status_field(page_id, status, job.route.field_map, also=details)
            self._written[job.id] = status
        elif details:
            await self._notion.update_page(page_id, details)

    async def _report_error(self, page_id: str, job: Job, details: dict[str, Json]) -> None:
        error = f"{ERROR_PREFIX}{job.error}"
        await self._notion.update_error_field(page_id, error, job.route.field_map, also=details)
        try:
            await self._body.account(page_id, job)
        except RefusedBlocksError as refusal:
            log.warning("%s: there is no audit record on its page: %s", job.id, refusal)
        await self._store.keep_report(job.id, self.name)


def _page_of(job: Job) -> str:
    return f"page of {job.id}"


def _status_of(job: Job) -> str | None:
    """Return what the page should say; None where that is not ours to write. A retry that waits stays in its stage."""
    if job.status in STOPPED:
        return Stage.ERROR
    if job.stage is Stage.COMPLETE:  # written with the final properties, by the stage itself
        return None
    return job.stage or (Stage.PROCESSING if job.is_taken_up_again else _WAITS)
