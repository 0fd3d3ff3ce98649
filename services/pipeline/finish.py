"""The page's last update: links, transcript and the final status, in one request. It is work, not a report."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from services.jobs.job import Artifacts, Job, Stage
from services.media import Progress
from services.pipeline.pages import Pages


@dataclass(frozen=True, slots=True)
class Finish:
    """`quiet` holds back the job's reports, so that none of an earlier stage arrives after the final status."""

    pages: Pages
    quiet: Callable[[Job], AbstractAsyncContextManager[None]]
    name = Stage.COMPLETE

    def is_done(self, artifacts: Artifacts) -> bool:
        return artifacts.page_url is not None

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        async with self.quiet(job):
            page = await self.pages.complete(job)
        return replace(job.artifacts, page_url=page.url)
