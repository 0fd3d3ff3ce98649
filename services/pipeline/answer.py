"""A video that Notion has already is not done again, even by a bot that has lost its ledger."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from services.clients.notion import Page
from services.clients.notion_properties import plain_text
from services.errors import AuditscribeError
from services.jobs.job import Artifacts, Job, Stage
from services.media import Metadata, Progress
from services.pipeline.known_pages import KnownPages
from services.pipeline.page_body import PageBody
from services.pipeline.pages import Pages
from services.pipeline.stage import StageStep


@dataclass(frozen=True, slots=True)
class AnswerOrProbe:
    """Look whether the video is done; where it is not, or Notion cannot tell, `probe` it.

    `quiet` holds back the job's reports, so that none of this stage arrives after the final status.
    """

    known: KnownPages
    pages: Pages
    body: PageBody
    quiet: Callable[[Job], AbstractAsyncContextManager[None]]
    probe: StageStep
    name = Stage.PROCESSING

    def is_done(self, artifacts: Artifacts) -> bool:
        return self.probe.is_done(artifacts)

    async def run(self, job: Job, workdir: Path, progress: Progress) -> Artifacts:
        done = None
        if not job.is_anew:
            with suppress(AuditscribeError):  # the work itself does not need Notion yet
                done = await self.known.find_done(job)
        if done is None:
            return await self.probe.run(job, workdir, progress)
        async with self.quiet(job):
            return await self._answer(job, done)

    async def _answer(self, job: Job, done: Page) -> Artifacts:
        """Let the job's page, where it is another one, lead to the first, and then say the same."""
        metadata = Metadata(_title(done, job), job.source.url or job.origin.message_url)
        answered = replace(job.artifacts, metadata=metadata, page_url=done.url)
        page_id = await self.pages.opened(job) if self.pages.has_page(job) else done.id
        if page_id == done.id:
            return answered
        job = replace(job, artifacts=replace(answered, first_page_url=done.url))
        job = await self.body.write(page_id, job)
        return replace(job.artifacts, page_url=(await self.pages.repeat(job, done)).url)


def _title(page: Page, job: Job) -> str:
    titles = (plain_text(prop) for prop in page.properties.values() if prop["type"] == "title")
    return next(titles, "") or job.title
