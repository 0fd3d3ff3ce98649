"""The stages of the two tasks."""

from collections.abc import Callable
from functools import partial

from config.settings import Settings
from services.clients.media_tool import take_apart
from services.clients.web import WebFiles
from services.clients.ytdlp import YtDlp
from services.pipeline.download import DownloadAttachment, DownloadLink
from services.pipeline.finish import Finish
from services.pipeline.probe import ProbeAttachment, ProbeLink, ResolveAttachment
from services.pipeline.runner import JobRunner
from services.pipeline.stage import StageStep
from services.pipeline.streaming import Streaming
from services.pipeline.tasks import Tasks
from services.pipeline.transcribe import Transcribe
from services.pipeline.upload import Upload


def tasks_of(
    settings: Settings,
    runner: JobRunner,
    *,
    guard_url: str,
    resolve: ResolveAttachment,
    answering: Callable[[StageStep], StageStep],
    transcribe: Transcribe,
    upload: Upload,
    finish: Finish,
) -> Tasks:
    """Return the tasks; `answering` puts a look into Notion before a probe."""
    ytdlp = _ytdlp(settings, guard_url)
    files = WebFiles(guard_url, stall_timeout_s=settings.stall_timeout_s)
    max_bytes = settings.max_filesize_mb * 2**20
    apart = partial(take_apart, max_duration_s=settings.max_duration_s, max_bytes=max_bytes)
    return Tasks(
        runner,
        link_stages=(
            answering(ProbeLink(ytdlp)),
            Streaming(DownloadLink(ytdlp, apart, settings.max_duration_s), transcribe, upload),
            finish,
        ),
        attachment_stages=(
            answering(ProbeAttachment(resolve)),
            Streaming(
                DownloadAttachment(resolve, files, apart, max_bytes, settings.max_duration_s), transcribe, upload
            ),
            finish,
        ),
    )


def _ytdlp(settings: Settings, guard_url: str) -> YtDlp:
    return YtDlp(
        max_height=settings.max_height,
        max_filesize_mb=settings.max_filesize_mb,
        max_duration_s=settings.max_duration_s,
        cookies=settings.ytdlp_cookies_file,
        proxy=guard_url,
        allow_any_site=settings.allow_any_site,
        open_hosts=settings.allow_private_hosts,
        stall_timeout_s=settings.stall_timeout_s,
    )
