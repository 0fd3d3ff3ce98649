"""Keeps a page's status and error true while its video is on its way. Only for routes with status hooks."""

from contextlib import AbstractAsyncContextManager

from services.clients.notion import NotionClient
from services.jobs.job import Job, JobStatus, Stage
from services.pipeline.pages import Pages
from services.pipeline.projection import Projection

ERROR_PREFIX = "Error in video processing: "


class NotionStatus:
    """Opens the page when the job is requested, then writes each stage as its work begins."""

    def __init__(self, notion: NotionClient, pages: Pages) -> None:
        self._notion = notion
        self._pages = pages
        self._reports: Projection[str, Job] = Projection("notion status", self._report)
        self._last: dict[str, tuple[JobStatus, Stage | None]] = {}

    def notice(self, job: Job) -> None:
        if not job.route.has_status_hooks:
            return
        if self._last.get(job.id) != (job.status, job.stage) and job.stage is not Stage.COMPLETE:
            self._last[job.id] = (job.status, job.stage)
            self._reports.push(job.id, job)
        if job.has_ended:
            self._last.pop(job.id, None)

    def quiet(self, job: Job) -> AbstractAsyncContextManager[None]:
        """Hold the job's reports back while its page is completed."""
        return self._reports.quiet(job.id)

    async def drain(self) -> None:
        await self._reports.drain()

    async def aclose(self) -> None:
        await self._reports.aclose()

    async def _report(self, _job_id: str, job: Job) -> None:
        page_id = await self._pages.opened(job)
        if job.status is JobStatus.FAILED:
            await self._notion.update_error_field(page_id, f"{ERROR_PREFIX}{job.error}", job.route.field_map)
            self._pages.forget(job)
        elif job.stage is not None:
            await self._notion.update_status_field(page_id, job.stage, job.route.field_map)
