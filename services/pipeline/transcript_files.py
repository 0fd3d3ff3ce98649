"""The transcript's files as Notion keeps them itself, where it takes them; a page has links into Drive otherwise."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from services.clients.notion import DataSource
from services.clients.notion_files import FileRefusedError, NotionFiles, text_name
from services.clients.notion_properties import UploadedFile
from services.errors import AuditscribeError
from services.jobs.job import Job, Stage
from services.pipeline.page import Values, column_of, transcript_file
from services.pipeline.stage import need

Uploaded = tuple[Values, tuple[str, ...]]
"""The files for a page's columns, and a remark about each that Notion did not keep."""

_GOOD_FOR_S = 3000.0
"""An upload that no page gets is gone within the hour."""


class TranscriptFiles:
    """Uploaded anew for each update of a page; begun while the media are on their way to Drive, as an observer."""

    def __init__(self, files: NotionFiles, table_of: Callable[[Job], Awaitable[DataSource]]) -> None:
        self._files = files
        self._table_of = table_of
        self._begun: dict[str, tuple[float, asyncio.Task[Uploaded]]] = {}

    def notice(self, job: Job) -> None:
        """Begin with the files of a job whose transcript is there."""
        if job.has_ended:
            self._forget(job)
        elif job.stage is Stage.UPLOADING and job.artifacts.transcript and job.id not in self._begun:
            task = asyncio.create_task(self._upload(job))
            task.add_done_callback(
                lambda task: task.cancelled() or task.exception()
            )  # whoever needs it looks, or nobody
            self._begun[job.id] = (_now(), task)

    async def upload(self, job: Job) -> tuple[Values, Job]:
        """Return the files for the page's columns, and the job with a remark about what Notion did not keep."""
        began, task = self._begun.pop(job.id, (0.0, None))
        uploaded = None
        if task and _now() - began < _GOOD_FOR_S:
            with suppress(AuditscribeError):  # it is tried once more, and says then what is wrong
                uploaded = await task
        values, remarks = uploaded or await self._upload(job)
        for remark in remarks:
            job = job.remarking(remark)
        return values, job

    async def aclose(self) -> None:
        """Begin no more, and end what was begun."""
        tasks = [task for _, task in self._begun.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, job: Job) -> None:
        _, task = self._begun.pop(job.id, (0.0, None))
        if task:
            task.cancel()

    async def _upload(self, job: Job) -> Uploaded:
        transcript, field_map = need(job.artifacts.transcript, "transcript"), job.route.field_map
        contents = {
            "transcript_file": ("transcript.txt", transcript_file(job, transcript)),
            "transcript_srt_file": ("transcript.srt", transcript.srt),
        }
        table = await self._table_of(job)
        values: Values = {}
        remarks: list[str] = []
        for key, (name, text) in contents.items():
            if not text or key not in field_map or table.columns.get(column_of(key, field_map, table)) != "files":
                continue
            try:
                values[key] = UploadedFile(text_name(name), await self._files.upload_text(name, text.encode()))
            except FileRefusedError as error:
                remarks.append(f"{name} is not kept in Notion: {error}")
        return values, tuple(remarks)


def _now() -> float:
    return asyncio.get_running_loop().time()
