"""The two named tasks, each the only caller of its stages."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.jobs.job import Job
from services.jobs.source import SourceKind
from services.pipeline.runner import JobRunner, Step


@dataclass(frozen=True, slots=True)
class Tasks:
    """Both know streaming and fallback mode (streaming.py)."""

    runner: JobRunner
    link_stages: Sequence[Step]
    attachment_stages: Sequence[Step]

    async def process(self, job: Job) -> Job:
        """Run the job's task."""
        if job.source.kind is SourceKind.DISCORD:
            return await self.process_discord_video(job)
        return await self.process_youtube_video(job)

    async def process_youtube_video(self, job: Job) -> Job:
        """Run the job of a link, YouTube's or another site's. Returns it as it ended."""
        return await self.runner.run(job, self.link_stages)

    async def process_discord_video(self, job: Job) -> Job:
        """Run the job of an attachment. Returns it as it ended."""
        return await self.runner.run(job, self.attachment_stages)
