"""Rules of room in Drive: whose it is, and that a big file is not sent before there is enough of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.drive.world import DriveWorld
from sandbox.server import Fault
from services.clients.drive import DriveStorage
from services.clients.drive_login import load_credentials
from services.errors import OperatorError, PermanentError
from services.media import StoredFile
from tests.builders import FakeNotes

BIG = 100 * 2**20
"""Bytes from which on the room is asked for."""


@pytest.fixture
async def drive() -> AsyncIterator[DriveWorld]:
    world = DriveWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
def storage(drive: DriveWorld, tmp_path: Path) -> DriveStorage:
    drive.write_token_file(tmp_path / "token.json")
    return DriveStorage(load_credentials(tmp_path / "token.json", None), drive.url, notes=FakeNotes(), pauses_s=())


def of_service_account(drive: DriveWorld, folder: Path, delegated_user: str | None = None) -> DriveStorage:
    drive.write_service_account_file(folder / "key.json")
    credentials = load_credentials(None, folder / "key.json", delegated_user)
    return DriveStorage(credentials, drive.url, notes=FakeNotes(), pauses_s=())


def a_file(folder: Path, size: int) -> Path:
    path = folder / "video.mp4"
    with path.open("wb") as file:
        file.truncate(size)
    return path


async def put(storage: DriveStorage, path: Path, parent: str | None = None) -> StoredFile:
    folder = await storage.ensure_folder("Talk", owner="job-1", role="folder", parent=parent)
    return await storage.upload(
        path, path.name, folder=folder.id, owner="job-1", role="video", progress=lambda _fraction: None
    )


def asked(drive: DriveWorld) -> int:
    """How often the room was asked for."""
    return sum(exchange.path.endswith("/about") for exchange in drive.exchanges)


def sent(drive: DriveWorld) -> int:
    """How many requests of an upload there were."""
    return sum(exchange.path.startswith("/upload") for exchange in drive.exchanges)


async def test_a_big_file_without_room_is_not_begun_and_the_sentence_has_both_sizes(
    storage: DriveStorage, drive: DriveWorld, tmp_path: Path
) -> None:
    drive.shelf.quota_bytes = 30 * 10**6

    with pytest.raises(OperatorError, match=r"0\.1 GB are needed, 0\.0 GB are free\. Somebody") as caught:
        await put(storage, a_file(tmp_path, BIG))

    assert caught.value.provider == "Google Drive"
    assert (asked(drive), sent(drive)) == (1, 0)


async def test_the_room_for_a_big_file_is_asked_for_once_and_not_for_each_chunk(
    storage: DriveStorage, drive: DriveWorld, tmp_path: Path
) -> None:
    stored = await put(storage, a_file(tmp_path, BIG))
    await put(storage, a_file(tmp_path, BIG))  # it is there: nothing more is needed

    assert stored.size == BIG
    assert asked(drive) == 1


async def test_nobody_asks_for_a_small_file(storage: DriveStorage, drive: DriveWorld, tmp_path: Path) -> None:
    await put(storage, a_file(tmp_path, 2**20))

    assert asked(drive) == 0


async def test_a_shared_drive_has_room_whatever_the_account_has(
    storage: DriveStorage, drive: DriveWorld, tmp_path: Path
) -> None:
    drive.shelf.quota_bytes = 0
    drive.faults.append(Fault("POST", "^/upload", status=400, body={}))

    with pytest.raises(PermanentError):  # it was begun
        await put(storage, a_file(tmp_path, BIG), drive.add_shared_drive("Team"))

    assert asked(drive) == 0


@pytest.mark.parametrize("size", [1, BIG])
async def test_a_service_account_that_works_for_nobody_says_what_to_do(
    drive: DriveWorld, tmp_path: Path, size: int
) -> None:
    drive.shelf.quota_bytes = 0

    with pytest.raises(OperatorError, match=r"folder in a shared drive.* set GOOGLE_DELEGATED_USER") as caught:
        await put(of_service_account(drive, tmp_path), a_file(tmp_path, size))

    assert "service account" in str(caught.value)
    assert all("sub" not in claims for claims in drive.service_account.claims)


async def test_a_service_account_works_for_its_delegated_user(drive: DriveWorld, tmp_path: Path) -> None:
    stored = await put(of_service_account(drive, tmp_path, "ada@example.com"), a_file(tmp_path, 5))

    assert drive.content(stored.id) == bytes(5)
    [claims] = drive.service_account.claims
    assert (claims["sub"], claims["scope"]) == ("ada@example.com", "https://www.googleapis.com/auth/drive")


async def test_a_delegation_that_is_not_allowed_says_where_to_allow_it(drive: DriveWorld, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="GOOGLE_DELEGATED_USER: in the Workspace admin console"):
        await put(of_service_account(drive, tmp_path, "eve@example.com"), a_file(tmp_path, 5))


async def test_a_service_accounts_key_that_was_deleted_says_what_to_do(drive: DriveWorld, tmp_path: Path) -> None:
    other = DriveWorld()
    storage = of_service_account(drive, tmp_path)
    drive.service_account = other.service_account  # which knows another key

    with pytest.raises(OperatorError, match="renew the key"):
        await put(storage, a_file(tmp_path, 5))
