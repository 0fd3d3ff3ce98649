"""The real Google client against the sandbox's Drive: each thing once, whole, private, and failures with a remedy."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.drive.world import DriveWorld
from sandbox.server import Fault
from services.clients.drive import DriveStorage
from services.clients.drive_login import load_credentials
from services.errors import OperatorError, PermanentError, TransientError
from services.media import StoredFile
from tests.builders import FakeNotes

MEDIA = bytes(range(256)) * (20 * 2**12)  # 20 MiB: three chunks


@pytest.fixture
async def drive() -> AsyncIterator[DriveWorld]:
    world = DriveWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []
    assert not any("permissions" in exchange.path for exchange in world.exchanges)
    assert world.permissions() == []


@pytest.fixture
def token_file(drive: DriveWorld, tmp_path: Path) -> Path:
    path = tmp_path / "token.json"
    drive.write_token_file(path)
    return path


@pytest.fixture
def storage(drive: DriveWorld, token_file: Path) -> DriveStorage:
    return a_storage(drive, token_file)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(MEDIA)
    return path


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "transcript.txt"
    path.write_text("hello")
    return path


def a_storage(drive: DriveWorld, token_file: Path) -> DriveStorage:
    return DriveStorage(load_credentials(token_file, None), drive.url, notes=FakeNotes(), pauses_s=(0, 0))


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def remove(path: Path) -> None:
    path.unlink()


def silent(_fraction: float) -> None:
    """Progress that nobody follows."""


async def a_folder(storage: DriveStorage, parent: str | None = None) -> StoredFile:
    return await storage.ensure_folder("2026-11-23 - Talk", owner="job-1", role="folder", parent=parent)


async def put(storage: DriveStorage, path: Path, folder: str = "root", name: str = "Talk.mp4") -> StoredFile:
    return await storage.upload(path, name, folder=folder, owner="job-1", role="video", progress=silent)


async def test_folder_and_file_are_found_before_they_are_made(
    storage: DriveStorage, drive: DriveWorld, token_file: Path, video: Path
) -> None:
    folder = await a_folder(storage)
    stored = await put(storage, video, folder.id)
    after_a_restart = a_storage(drive, token_file)

    assert await a_folder(after_a_restart) == folder
    assert await put(after_a_restart, video, folder.id) == stored
    [root] = drive.tree()
    [made] = root["children"]
    [file] = made["children"]
    assert [root["name"], made["name"], file["name"]] == ["Auditscribe", "2026-11-23 - Talk", "Talk.mp4"]
    assert root["appProperties"] == {"auditscribe": "root"}


async def test_a_file_arrives_whole_and_tells_its_progress(
    storage: DriveStorage, drive: DriveWorld, video: Path
) -> None:
    told: list[float] = []
    stored = await storage.upload(
        video, "A/B: 'Talk'?.mp4", folder="root", owner="it's", role="video", progress=told.append
    )

    assert drive.content(stored.id) == MEDIA
    assert (stored.name, stored.size) == ("A-B- 'Talk'.mp4", len(MEDIA))
    assert stored.md5 == hashlib.md5(MEDIA, usedforsecurity=False).hexdigest()
    assert stored.url.startswith("https://drive.google.com/")
    assert told == [0.4, 0.8, 1.0]


async def test_a_long_owner_is_found_again(storage: DriveStorage, drive: DriveWorld) -> None:
    for _ in range(2):
        await storage.ensure_folder("x", owner="ö" * 200, role="folder", parent="root")

    assert len(drive.tree()) == 1


async def test_a_folder_behind_an_empty_page_is_found(storage: DriveStorage, drive: DriveWorld) -> None:
    folder = await a_folder(storage, "root")
    drive.faults.append(Fault("GET", "/files$", status=200, body={"files": [], "nextPageToken": "~0"}))

    assert await a_folder(storage, "root") == folder


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("status", [None, 503])
async def test_an_interrupted_upload_ends_with_one_file(
    method: str, status: int | None, storage: DriveStorage, drive: DriveWorld, video: Path, *, done: bool
) -> None:
    drive.faults.append(Fault(method, "^/upload", status=status, before=not done, times=2))
    stored = await put(storage, video)

    assert [file["md5"] for file in drive.files()] == [stored.md5]


async def test_an_upload_that_keeps_breaking_is_given_up_for_now(
    storage: DriveStorage, drive: DriveWorld, video: Path
) -> None:
    drive.faults.append(Fault("PUT", "^/upload", times=100))

    with pytest.raises(TransientError, match="connection to Google Drive broke"):
        await put(storage, video)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_lost_session_starts_over(status: int, storage: DriveStorage, drive: DriveWorld, video: Path) -> None:
    told: list[float] = []

    def lose_once(fraction: float) -> None:
        told.append(fraction)
        if len(told) == 1:
            drive.lose_sessions(status)

    await storage.upload(video, "Talk.mp4", folder="root", owner="job-1", role="video", progress=lose_once)

    assert told == [0.4, 0.4, 0.8, 1.0]
    assert [file["bytes"] for file in drive.files()] == [len(MEDIA)]


async def test_a_session_that_was_lost_after_the_last_byte_makes_no_second_file(
    storage: DriveStorage, drive: DriveWorld, note: Path
) -> None:
    drive.faults += [Fault("PUT", "^/upload", before=False), Fault("PUT", "^/upload", status=404)]
    await put(storage, note)

    assert len(drive.files()) == 1


async def test_a_folder_whose_answer_was_lost_is_found_at_the_next_try(
    storage: DriveStorage, drive: DriveWorld
) -> None:
    drive.faults.append(Fault("POST", "/files$", before=False))
    with pytest.raises(TransientError):
        await a_folder(storage, "root")
    await a_folder(storage, "root")

    assert len(drive.tree()) == 1


async def test_a_damaged_upload_is_removed_and_tried_again_later(
    storage: DriveStorage, drive: DriveWorld, video: Path, note: Path
) -> None:
    stored = await put(storage, note)
    damaged = {"id": stored.id, "name": stored.name, "webViewLink": stored.url, "md5Checksum": "0" * 32}
    drive.faults.append(Fault("PUT", "^/upload", status=200, body=damaged, before=False))

    with pytest.raises(TransientError, match="damaged"):
        await put(storage, video)
    assert drive.files() == []


async def test_a_cancelled_upload_returns_at_once_and_stops(
    storage: DriveStorage, drive: DriveWorld, video: Path
) -> None:
    first_chunk = asyncio.Event()
    drive.bytes_per_second = 2**24
    upload = asyncio.create_task(
        storage.upload(
            video, "v", folder="root", owner="job-1", role="video", progress=lambda _fraction: first_chunk.set()
        )
    )
    await first_chunk.wait()
    drive.bytes_per_second = 2**10  # the next chunk would take hours
    upload.cancel()
    async with asyncio.timeout(1):
        await asyncio.wait([upload])

    assert upload.cancelled()
    assert drive.files() == []


async def test_a_shared_drive_works_like_ones_own(storage: DriveStorage, drive: DriveWorld, note: Path) -> None:
    shared = drive.add_shared_drive("Team")
    folders = [await a_folder(storage, shared) for _ in range(2)]
    files = [await put(storage, note, folders[0].id) for _ in range(2)]

    assert folders[0] == folders[1]
    assert files[0] == files[1]


async def test_a_full_drive_is_the_operators_matter(storage: DriveStorage, drive: DriveWorld, note: Path) -> None:
    drive.shelf.quota_bytes = 1

    with pytest.raises(OperatorError, match="Google Drive is full") as caught:
        await put(storage, note)
    assert caught.value.provider == "Google Drive"


async def test_a_revoked_login_names_the_remedy(storage: DriveStorage, drive: DriveWorld) -> None:
    drive.revoke()

    with pytest.raises(OperatorError, match=r"python -m bot drive-login.*7 days"):
        await a_folder(storage)


async def test_a_token_that_google_refuses_for_ever_names_the_remedy(storage: DriveStorage, drive: DriveWorld) -> None:
    drive.faults.append(Fault("GET", "/files", status=401, times=9))

    with pytest.raises(OperatorError, match="drive-login"):
        await a_folder(storage)


async def test_an_expired_token_is_refreshed_and_written_back_in_one_step(
    storage: DriveStorage, drive: DriveWorld, token_file: Path
) -> None:
    drive.consent.access_tokens.clear()
    with token_file.open() as reader:
        await a_folder(storage)
        assert json.load(reader)["refresh_token"], "whoever is reading the file still sees the old one whole"

    assert load_credentials(token_file, None).token in drive.consent.access_tokens
    assert mode_of(token_file) == 0o600
    assert [path.name for path in token_file.parent.iterdir()] == [token_file.name]


async def test_a_new_login_is_taken_up_without_a_restart(
    storage: DriveStorage, drive: DriveWorld, token_file: Path
) -> None:
    drive.revoke()
    with pytest.raises(OperatorError):
        await a_folder(storage)
    drive.consent_again()
    drive.write_token_file(token_file)

    assert await a_folder(storage)
    assert not any(exchange.path == "/token" and exchange.status == 200 for exchange in drive.exchanges)


async def test_a_login_whose_file_is_gone_is_refreshed_all_the_same(
    storage: DriveStorage, drive: DriveWorld, token_file: Path
) -> None:
    remove(token_file)
    drive.consent.access_tokens.clear()

    assert await a_folder(storage)


@pytest.mark.parametrize("reason", ["userRateLimitExceeded", "rateLimitExceeded"])
async def test_rate_limits_pass(reason: str, storage: DriveStorage, drive: DriveWorld) -> None:
    drive.refusing = reason

    with pytest.raises(TransientError, match="busy"):
        await a_folder(storage)


async def test_drive_says_when_to_come_back(storage: DriveStorage, drive: DriveWorld) -> None:
    drive.faults.append(Fault("GET", "/files", status=429, headers={"Retry-After": "120"}))

    with pytest.raises(TransientError) as caught:
        await a_folder(storage)
    assert caught.value.retry_after == 120


async def test_a_folder_made_by_hand_is_explained(storage: DriveStorage, drive: DriveWorld) -> None:
    folder = drive.made_by_hand("Videos")

    with pytest.raises(OperatorError, match="made by hand"):
        await a_folder(storage, folder)


async def test_a_drive_out_of_reach_is_tried_again_later(storage: DriveStorage, drive: DriveWorld) -> None:
    await drive.stop()

    with pytest.raises(TransientError, match="connection to Google Drive broke"):
        await a_folder(storage)


async def test_a_request_that_drive_cannot_take_is_not_repeated(storage: DriveStorage) -> None:
    with pytest.raises(PermanentError, match="Google Drive refused the request"):
        await storage.ensure_folder("x", owner="job-1", role="r" * 200)
