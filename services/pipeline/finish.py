"""The page's last update: links, transcript and the final status, in one request. It is work, not a report."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from services.jobs.job import Artifacts, Job, Stage
from services.media import Progress
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from services.pipeline.transcript_files import TranscriptFiles


@dataclass(frozen=True, slots=True)
class Finish:
    """`quiet` holds back the job's reports, so that none of an earlier stage arrives after the final status."""

    pages: Pages
    body: PageBody
    files: TranscriptFiles
    quiet: Callable[[Job], AbstractAsyncContextManager[None]]
    name = Stage.COMPLETE

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.page_url is not None

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        """A page that is there says `Complete` last; one that is made now has its properties first."""
        async with self.quiet(job), self.pages.in_sight(job):
            files, job = await self.files.upload(job)
            if self.pages.has_page(job):
                job = await self.body.write(await self.pages.opened(job), job)
                page = await self.pages.complete(job, files)
            else:
                page = await self.pages.complete(job, files)
                job = await self.body.write(page.id, job)
            if lacking := await self.pages.lacks(job):
                job = job.remarking(lacking)
        return replace(job.artifacts, page_url=page.url)
