"""Rules of trouble on the way into Drive: whatever breaks, and whatever a person removes, one whole file is there."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import timezone
from pathlib import Path

import pytest

from sandbox.drive.world import DriveWorld
from sandbox.server import Fault
from services.clients.drive import DriveStorage
from services.clients.drive_login import load_credentials
from services.errors import OperatorError, TransientError
from services.media import StoredFile
from services.pipeline.upload import Upload
from tests.builders import FakeNotes, a_job, finished_artifacts

UNIT = 2**18
"""Of which Drive keeps whole ones, and 1 % of the file."""
CHUNK = 8 * UNIT
"""No percentage that is tried here is the end of a chunk."""
MEDIA = (bytes(range(251)) * 105_000)[: 100 * UNIT]
MD5 = hashlib.md5(MEDIA, usedforsecurity=False).hexdigest()


@pytest.fixture
async def drive(tmp_path: Path) -> AsyncIterator[DriveWorld]:
    world = DriveWorld()
    await world.start()
    world.write_token_file(tmp_path / "token.json")
    yield world
    await world.stop()
    assert world.violations == []
    assert not any("permissions" in exchange.path for exchange in world.exchanges)


@pytest.fixture
def storage(drive: DriveWorld, tmp_path: Path) -> DriveStorage:
    return a_storage(drive, tmp_path)


def a_storage(drive: DriveWorld, folder: Path, chunk_bytes: int = CHUNK) -> DriveStorage:
    credentials = load_credentials(folder / "token.json", None)
    return DriveStorage(credentials, drive.url, notes=FakeNotes(), pauses_s=(0, 0), chunk_bytes=chunk_bytes)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(MEDIA)
    return path


async def a_folder(storage: DriveStorage, owner: str = "job-1") -> StoredFile:
    return await storage.ensure_folder("Talk", owner=owner, role="folder")


async def put(
    storage: DriveStorage, path: Path, told: Callable[[float], None] = lambda _fraction: None
) -> tuple[StoredFile, StoredFile]:
    """Return the folder of a job and its file."""
    folder = await a_folder(storage)
    stored = await storage.upload(path, "v.mp4", folder=folder.id, owner="job-1", role="video", progress=told)
    return folder, stored


def sent(drive: DriveWorld) -> list[str]:
    return [exchange.headers["Content-Range"].split("/")[0] for exchange in drive.exchanges if exchange.method == "PUT"]


@pytest.mark.parametrize("percent", [1, 50, 99])
async def test_an_upload_that_is_cut_goes_on_where_it_was_cut(
    storage: DriveStorage, drive: DriveWorld, video: Path, percent: int
) -> None:
    drive.cut_upload(percent * UNIT)

    folder, stored = await put(storage, video)

    begin = percent // 8 * CHUNK
    cut, asking, going_on = sent(drive)[percent // 8 :][:3]
    assert cut.startswith(f"bytes {begin}-")
    assert asking == "bytes *"
    assert going_on.startswith(f"bytes {percent * UNIT}-")
    assert (stored.md5, drive.content(stored.id)) == (MD5, MEDIA)
    [root] = drive.tree()
    assert [(one["id"], [file["id"] for file in one["children"]]) for one in root["children"]] == [
        (folder.id, [stored.id])
    ]
    assert await a_folder(storage) == folder


@pytest.mark.parametrize("percent", [1, 50, 99])
@pytest.mark.parametrize("status", [404, 410])
async def test_a_session_that_is_lost_at_any_moment_starts_over_and_leaves_one_file(
    drive: DriveWorld, tmp_path: Path, video: Path, percent: int, status: int
) -> None:
    moments = [percent]

    def lose_once(fraction: float) -> None:
        if moments and round(fraction * 100) == percent:
            moments.clear()
            drive.lose_sessions(status)

    _, stored = await put(a_storage(drive, tmp_path, chunk_bytes=UNIT), video, lose_once)

    assert moments == []
    assert [file["id"] for file in drive.files()] == [stored.id]
    assert stored.md5 == MD5


@pytest.mark.parametrize("reason", ["userRateLimitExceeded", "rateLimitExceeded", "429"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_rate_limit_in_the_middle_of_an_upload_is_waited_for(
    storage: DriveStorage, drive: DriveWorld, video: Path, method: str, reason: str
) -> None:
    body = {"error": {"errors": [{"domain": "usageLimits", "reason": reason, "message": "Slow down."}]}}
    limit = Fault(method, "^/upload", status=429 if reason == "429" else 403, body=body, times=2)
    drive.faults.append(limit)

    _, stored = await put(storage, video)

    assert limit.times == 0
    assert [file["md5"] for file in drive.files()] == [stored.md5] == [MD5]


async def test_what_found_no_room_at_its_last_byte_is_finished_when_there_is_room(
    storage: DriveStorage, drive: DriveWorld, video: Path
) -> None:
    def fill(_fraction: float) -> None:
        drive.shelf.quota_bytes = 0

    with pytest.raises(OperatorError, match="Google Drive is full"):
        await put(storage, video, fill)
    drive.shelf.quota_bytes = 2**30
    _, stored = await put(storage, video)

    assert [file["id"] for file in drive.files()] == [stored.id]
    assert drive.content(stored.id) == MEDIA


async def test_there_is_one_root_folder_for_jobs_at_once_and_after_a_restart(
    storage: DriveStorage, drive: DriveWorld, tmp_path: Path
) -> None:
    await asyncio.gather(*(a_folder(storage, owner) for owner in ("job-1", "job-2")))
    await a_folder(a_storage(drive, tmp_path), "job-3")

    [root] = drive.tree()
    assert len(root["children"]) == 3


@pytest.mark.parametrize("removed", [DriveWorld.trash, DriveWorld.delete])
async def test_a_root_folder_that_a_person_removed_is_made_anew(
    storage: DriveStorage, drive: DriveWorld, removed: Callable[[DriveWorld, str], None]
) -> None:
    before = await a_folder(storage)
    [root] = drive.tree()
    removed(drive, root["id"])

    after = await a_folder(storage)

    [anew] = drive.tree()
    assert after.id != before.id
    assert [folder["id"] for folder in anew["children"]] == [after.id]


@pytest.mark.parametrize("removed", [DriveWorld.trash, DriveWorld.delete])
async def test_a_videos_folder_that_a_person_removes_while_it_is_filled_is_made_anew_with_all_files(
    storage: DriveStorage, drive: DriveWorld, tmp_path: Path, removed: Callable[[DriveWorld, str], None]
) -> None:
    stage, job = Upload(storage, timezone.utc), a_job(artifacts=finished_artifacts(tmp_path))
    folders: list[str] = []

    def remove_once(_fraction: float) -> None:
        if not folders:
            [root] = drive.tree()
            folders.append(root["children"][0]["id"])
            removed(drive, folders[0])

    with pytest.raises(TransientError, match="was removed"):
        await stage.run(job, tmp_path, remove_once)
    stored = (await stage.run(job, tmp_path, lambda _fraction: None)).stored

    [root] = drive.tree()
    [folder] = root["children"]
    assert stored
    assert folder["id"] == stored.folder.id != folders[0]
    assert len(folder["children"]) == len(drive.files()) == 4
