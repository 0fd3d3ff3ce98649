"""Keeps a page's status and error true while its video is on its way. Only for routes with status hooks."""

from contextlib import AbstractAsyncContextManager

from services.clients.notion import NotionClient
from services.jobs.job import Job, JobStatus, Stage
from services.pipeline.pages import Pages
from services.pipeline.projection import Projection
from services.store import JobStore

ERROR_PREFIX = "Error in video processing: "


class NotionStatus:
    """Opens the page when the job is requested, then writes each stage as its work begins."""

    name = "page"
    """Of the report that a page shows its job's end, where that is an error."""

    def __init__(self, notion: NotionClient, pages: Pages, store: JobStore) -> None:
        self._notion = notion
        self._pages = pages
        self._store = store
        self._reports: Projection[str, Job] = Projection("notion status", self._report)
        self._told: dict[str, str] = {}

    def notice(self, job: Job) -> None:
        """Report the job if its page should now say something else."""
        status = _status_of(job)
        if job.route.has_status_hooks and status is not None and status != self._told.get(job.id):
            self._told[job.id] = status
            self._reports.push(job.id, job)
        if job.has_ended:
            self._told.pop(job.id, None)

    def quiet(self, job: Job) -> AbstractAsyncContextManager[None]:
        """Hold the job's reports back while its page is completed."""
        return self._reports.quiet(job.id)

    async def drain(self) -> None:
        await self._reports.drain()

    async def aclose(self) -> None:
        await self._reports.aclose()

    async def _report(self, _job_id: str, job: Job) -> None:
        page_id = await self._pages.opened(job)
        status = _status_of(job)
        if status == Stage.ERROR:
            await self._notion.update_error_field(page_id, f"{ERROR_PREFIX}{job.error}", job.route.field_map)
            await self._store.keep_report(job.id, self.name)
            self._pages.forget(job)
        elif status:
            await self._notion.update_status_field(page_id, status, job.route.field_map)


def _status_of(job: Job) -> str | None:
    """Return what the page should say; None where that is not ours to write. A retry that waits stays in its stage."""
    if job.status in (JobStatus.FAILED, JobStatus.CANCELLED):
        return Stage.ERROR
    if job.stage is Stage.COMPLETE:  # written with the final properties, by the stage itself
        return None
    return job.stage or ""
