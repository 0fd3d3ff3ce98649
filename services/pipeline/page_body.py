"""What a page shows below its properties, written for good: the audit record, and on success the transcript."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from services.clients.notion_blocks import NotionBlocks, RefusedBlocksError, Toggle
from services.jobs.job import Job
from services.pipeline.blocks import audit_record, transcript_toggle


@dataclass(frozen=True, slots=True)
class PageBody:
    """`clock` returns the time in the zone of the settings."""

    blocks: NotionBlocks
    clock: Callable[[], datetime]

    async def write(self, page_id: str, job: Job) -> Job:
        """Write transcript and audit record. Returns the job with a remark about what Notion did not take.

        A repost's transcript is on the page of the first post.
        """
        transcript = job.artifacts.transcript
        if transcript and not job.artifacts.first_page_url:
            try:
                toggles = [transcript_toggle(job, transcript), self._record(job)]
                await self.blocks.put(page_id, [toggle for toggle in toggles if toggle.paragraphs])
            except RefusedBlocksError as error:
                job = job.remarking(f"The transcript is in its files alone: {error}")
            else:
                return job
        try:
            await self.account(page_id, job)
        except RefusedBlocksError as error:
            job = job.remarking(f"There is no audit record on the page: {error}")
        return job

    async def account(self, page_id: str, job: Job) -> None:
        """Write the audit record of this go at a job, beside those of earlier ones.

        Raises:
            RefusedBlocksError: Notion does not take the blocks.
        """
        await self.blocks.put(page_id, [self._record(job)])

    def _record(self, job: Job) -> Toggle:
        return audit_record(job, self.clock().tzinfo)
