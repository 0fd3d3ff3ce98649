"""The transcript's files as Notion keeps them itself, where it takes them; a page has links into Drive otherwise."""

from dataclasses import dataclass

from services.clients.notion import DataSource
from services.clients.notion_files import FileRefusedError, NotionFiles, text_name
from services.clients.notion_properties import UploadedFile
from services.jobs.job import Job
from services.pipeline.page import Values, column_of, transcript_file
from services.pipeline.stage import need


@dataclass(frozen=True, slots=True)
class TranscriptFiles:
    """Uploaded anew for each update of a page: an upload that no page gets is gone within the hour."""

    files: NotionFiles

    async def upload(self, job: Job, table: DataSource) -> tuple[Values, Job]:
        """Return the files for the page's columns, and the job with a remark about what Notion did not keep."""
        transcript, stored = need(job.artifacts.transcript, "transcript"), need(job.artifacts.stored, "stored files")
        contents = {
            "transcript_file": (stored.text.name, transcript_file(job, transcript)),
            "transcript_srt_file": (stored.srt.name, transcript.srt),
        }
        values: Values = {}
        for key, (name, text) in contents.items():
            field_map = job.route.field_map
            if not text or key not in field_map or table.columns.get(column_of(key, field_map, table)) != "files":
                continue
            try:
                values[key] = UploadedFile(text_name(name), await self.files.upload_text(name, text.encode()))
            except FileRefusedError as error:
                job = job.remarking(f"{name} is not kept in Notion: {error}")
        return values, job
