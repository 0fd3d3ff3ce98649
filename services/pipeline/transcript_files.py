"""The transcript's files as Notion keeps them itself, where it takes them; a page has links into Drive otherwise."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.clients.notion import DataSource
from services.clients.notion_files import FileRefusedError, NotionFiles, text_name
from services.clients.notion_properties import UploadedFile
from services.errors import AuditscribeError
from services.jobs.job import Job, Stage
from services.pipeline.page import Values, column_of, transcript_file
from services.pipeline.stage import need

Uploaded = tuple[Values, tuple[str, ...]]
"""The files for a page's columns, and a remark about each that Notion did not keep."""

_TEXT, _SRT = "transcript.txt", "transcript.srt"
_FILES = {"transcript_file": _TEXT, "transcript_srt_file": _SRT}
"""By the key of the column that has it."""
_GOOD_FOR_S = 1500.0
"""After its announcement and again after its bytes: an upload that no page gets within the hour is gone."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Begun(Generic[T]):
    """What was begun before it was asked for. `at`: the loop's time."""

    at: float
    task: asyncio.Task[T]


class TranscriptFiles:
    """Uploaded anew for each update of a page. An observer announces them while the words are heard, and uploads them
    while the media are on their way to Drive: in the end, little is left to do."""

    def __init__(self, files: NotionFiles, table_of: Callable[[Job], Awaitable[DataSource]]) -> None:
        self._files = files
        self._table_of = table_of
        self._announced: dict[str, _Begun[dict[str, str]]] = {}
        """Ids of uploads by name."""
        self._uploaded: dict[str, _Begun[Uploaded]] = {}

    def notice(self, job: Job) -> None:
        """Begin with the files of a job."""
        if job.has_ended:
            self._forget(job)
        elif job.stage is Stage.TRANSCRIBING and job.id not in self._announced:
            self._announced[job.id] = _begin(self._announce(job))
        elif job.stage is Stage.UPLOADING and job.artifacts.transcript and job.id not in self._uploaded:
            self._uploaded[job.id] = _begin(self._upload(job))

    async def upload(self, job: Job) -> tuple[Values, Job]:
        """Return the files for the page's columns, and the job with a remark about what Notion did not keep."""
        uploaded = await _outcome(self._uploaded.pop(job.id, None))
        values, remarks = uploaded or await self._upload(job)
        for remark in remarks:
            job = job.remarking(remark)
        return values, job

    async def aclose(self) -> None:
        """Begin no more, and end what was begun."""
        begun: list[_Begun[Any]] = [*self._announced.values(), *self._uploaded.values()]
        tasks = [one.task for one in begun]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, job: Job) -> None:
        if announced := self._announced.pop(job.id, None):
            announced.task.cancel()
        if uploaded := self._uploaded.pop(job.id, None):
            uploaded.task.cancel()

    async def _announce(self, job: Job) -> dict[str, str]:
        return {name: await self._files.announce_text(name) for _, name in await self._wanted(job)}

    async def _upload(self, job: Job) -> Uploaded:
        transcript = need(job.artifacts.transcript, "transcript")
        contents = {_TEXT: transcript_file(job, transcript), _SRT: transcript.srt}
        announced = await _outcome(self._announced.pop(job.id, None)) or {}
        values: Values = {}
        remarks: list[str] = []
        for key, name in await self._wanted(job):
            if not contents[name]:
                continue
            try:
                upload_id = await self._files.upload_text(name, contents[name].encode(), announced.get(name))
            except FileRefusedError as error:
                remarks.append(f"{name} is not kept in Notion: {error}")
            else:
                values[key] = UploadedFile(text_name(name), upload_id)
        return values, tuple(remarks)

    async def _wanted(self, job: Job) -> list[tuple[str, str]]:
        """Return which files have a column: the column's key and the file's name."""
        table, field_map = await self._table_of(job), job.route.field_map
        columns = {key: table.columns.get(column_of(key, field_map, table)) for key in _FILES if key in field_map}
        return [(key, _FILES[key]) for key, kind in columns.items() if kind == "files"]


def _begin(work: Coroutine[Any, Any, T]) -> _Begun[T]:
    task = asyncio.create_task(work)
    task.add_done_callback(lambda task: task.cancelled() or task.exception())  # whoever needs it looks, or nobody
    return _Begun(_now(), task)


async def _outcome(begun: _Begun[T] | None) -> T | None:
    """Return what came of it, if that is good still: otherwise it is tried once more, which says what is wrong."""
    if begun and _now() - begun.at < _GOOD_FOR_S:
        with suppress(AuditscribeError):
            return await begun.task
    return None


def _now() -> float:
    return asyncio.get_running_loop().time()
