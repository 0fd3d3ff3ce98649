"""Rules of the downloading stages: there is room before bytes come, and what has come is not fetched again."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.clients.web import WebFiles
from services.clients.ytdlp import YtDlp
from services.errors import OperatorError
from services.jobs.job import Artifacts, Origin
from services.media import Media, MediaFile
from services.pipeline.arrival import Arrival
from services.pipeline.download import DownloadAttachment, DownloadLink, find_whole, holding_media, require_room
from services.pipeline.probe import attachment_metadata
from tests.builders import ATTACHMENT, YOUTUBE, a_job, a_metadata, an_origin, some_media

GB = 10**9
SPARE = 256 * 2**20


async def taken_apart(file: Path, _folder: Path) -> Media:
    return Media(MediaFile(file, size=1), None, 90.0)


async def no_attachment(_origin: Origin, _attachment_id: int) -> str:
    raise AssertionError("the attachment was asked for")


def stages(free: int = 100 * GB) -> list[DownloadLink | DownloadAttachment]:
    """Return both stages; neither reaches anything."""
    nowhere = "http://127.0.0.1:9"
    return [
        DownloadLink(YtDlp(proxy=nowhere), taken_apart, 3600, lambda _folder: free),
        DownloadAttachment(no_attachment, WebFiles(nowhere), taken_apart, 10 * GB, 3600, lambda _folder: free),
    ]


def expecting(size: int | None) -> Artifacts:
    return Artifacts(a_metadata(expected_bytes=size))


def holding(folder: Path, name: str, content: bytes = b"x") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


@pytest.mark.parametrize("stage", stages(free=0))
async def test_a_download_that_was_finished_but_not_recorded_is_not_fetched_again(
    stage: DownloadLink | DownloadAttachment, tmp_path: Path
) -> None:
    file = holding(tmp_path, "video.webm")
    source = YOUTUBE if isinstance(stage, DownloadLink) else ATTACHMENT
    made = await stage.run(a_job(source, artifacts=expecting(GB)), tmp_path, lambda _fraction: None, Arrival())

    assert made.media == Media(MediaFile(file, size=1), None, 90.0)


@pytest.mark.parametrize(
    "name",
    ["video.mp4.part", "video.part", "video.137.mp4", "video.137.mp4.part", "video.137+140.temp.mp4", "audio.m4a"],
)
def test_a_file_on_its_way_is_not_taken_for_a_whole_one(name: str, tmp_path: Path) -> None:
    holding(tmp_path, name)

    assert find_whole(tmp_path) is None


def test_an_attachment_without_an_ending_can_be_whole(tmp_path: Path) -> None:
    assert find_whole(tmp_path) is None
    assert find_whole(holding(tmp_path, "video").parent) == tmp_path / "video"


@pytest.mark.parametrize("stage", stages(free=2 * GB))
async def test_a_download_that_would_not_fit_does_not_begin(
    stage: DownloadLink | DownloadAttachment, tmp_path: Path
) -> None:
    source = YOUTUBE if isinstance(stage, DownloadLink) else ATTACHMENT
    with pytest.raises(OperatorError, match=r"too little room .*: 2\.3 GB are needed, 2\.0 GB are free") as caught:
        await stage.run(a_job(source, artifacts=expecting(GB)), tmp_path, lambda _fraction: None, Arrival())

    assert caught.value.provider == "Disk"


def test_room_is_twice_the_size_and_some_to_spare(tmp_path: Path) -> None:
    require_room(expecting(GB), tmp_path, 2 * GB + SPARE)
    with pytest.raises(OperatorError):
        require_room(expecting(GB), tmp_path, 2 * GB + SPARE - 1)


def test_what_has_come_already_needs_no_room(tmp_path: Path) -> None:
    holding(tmp_path, "video.137.mp4.part", bytes(1000))

    require_room(expecting(1000), tmp_path, 1000 + SPARE)
    with pytest.raises(OperatorError):
        require_room(expecting(1000), tmp_path, 1000 + SPARE - 1)


def test_a_video_of_unknown_size_needs_room_to_spare(tmp_path: Path) -> None:
    require_room(expecting(None), tmp_path, SPARE)
    with pytest.raises(OperatorError):
        require_room(expecting(None), tmp_path, SPARE - 1)


def test_an_attachments_size_is_what_discord_says() -> None:
    assert attachment_metadata(replace(ATTACHMENT, size=5), an_origin()).expected_bytes == 5


@pytest.mark.parametrize(
    ("promised_s", "remarks"),
    [(None, ()), (100.0, ()), (1000.0, ("The file has only 90 of the 1000 seconds that the site tells of.",))],
)
def test_a_file_much_shorter_than_its_site_tells_is_remarked(
    tmp_path: Path, promised_s: float | None, remarks: tuple[str, ...]
) -> None:
    artifacts = Artifacts(metadata=a_metadata(duration_s=promised_s))

    assert holding_media(artifacts, some_media(tmp_path), 43200).remarks == remarks
