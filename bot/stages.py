"""The stages of the two tasks."""

from collections.abc import Callable, Sequence

from config.settings import Settings
from services.clients.media_tool import take_apart
from services.clients.web import WebFiles
from services.clients.ytdlp import YtDlp
from services.pipeline.download import DownloadAttachment, DownloadLink
from services.pipeline.probe import ProbeAttachment, ProbeLink, ResolveAttachment
from services.pipeline.runner import JobRunner
from services.pipeline.stage import StageStep
from services.pipeline.tasks import Tasks


def tasks_of(
    settings: Settings,
    runner: JobRunner,
    *,
    guard_url: str,
    resolve: ResolveAttachment,
    answering: Callable[[StageStep], StageStep],
    last_stages: Sequence[StageStep],
) -> Tasks:
    """Return the tasks; `answering` puts a look into Notion before a probe, `last_stages` are the same for both."""
    ytdlp = _ytdlp(settings, guard_url)
    files = WebFiles(guard_url, stall_timeout_s=settings.stall_timeout_s)
    max_bytes = settings.max_filesize_mb * 2**20
    return Tasks(
        runner,
        link_stages=(
            answering(ProbeLink(ytdlp)),
            DownloadLink(ytdlp, take_apart, settings.max_duration_s),
            *last_stages,
        ),
        attachment_stages=(
            answering(ProbeAttachment(resolve)),
            DownloadAttachment(resolve, files, take_apart, max_bytes, settings.max_duration_s),
            *last_stages,
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
