"""An upload that the end of the process broke off goes on after the next start; its session stays a secret."""

import asyncio
import hashlib
import traceback
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials

from sandbox.drive.world import DriveWorld
from sandbox.server import Fault
from services.clients.drive import DriveStorage
from services.clients.drive_http import Wire, named_errors
from services.clients.drive_login import load_credentials
from services.clients.drive_upload import Notes
from services.errors import AuditscribeError, TransientError
from services.media import Progress, StoredFile
from services.store import open_store
from tests.builders import FakeNotes

CHUNK = 2**18
"""Drive's unit, and 1 % of the file."""
MEDIA = (bytes(range(251)) * 105_000)[: 100 * CHUNK]
MD5 = hashlib.md5(MEDIA, usedforsecurity=False).hexdigest()
SESSION = "job-1: upload session of video"


@pytest.fixture
async def drive(tmp_path: Path) -> AsyncIterator[DriveWorld]:
    world = DriveWorld()
    await world.start()
    world.write_token_file(tmp_path / "token.json")
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
def notes() -> FakeNotes:
    return FakeNotes()


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(MEDIA)
    return path


async def put(
    drive: DriveWorld,
    notes: Notes,
    path: Path,
    progress: Progress = lambda _fraction: None,
    folder: str = "root",
) -> StoredFile:
    """Upload through a new storage, as after a start."""
    credentials = load_credentials(path.with_name("token.json"), None)
    storage = DriveStorage(credentials, drive.url, notes=notes, pauses_s=(), chunk_bytes=CHUNK)
    return await storage.upload(path, "v.mp4", folder=folder, owner="job-1", role="video", progress=progress)


async def put_and_die(drive: DriveWorld, notes: Notes, path: Path, *, chunks: int, has_next: bool = False) -> None:
    """Upload until Drive has so many chunks, and end in the middle of the next, which Drive may have too."""
    stuck, dead = asyncio.Event(), asyncio.Event()

    async def stall() -> None:
        stuck.set()
        await dead.wait()

    def follow(fraction: float) -> None:
        if round(fraction * len(MEDIA) / CHUNK) == chunks:
            drive.faults.append(Fault("PUT", "^/upload", before=not has_next, meanwhile=stall))

    follow(0.0)
    uploading = asyncio.create_task(put(drive, notes, path, follow))
    await stuck.wait()
    uploading.cancel()
    await asyncio.wait([uploading])
    dead.set()


def rewrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def sessions(drive: DriveWorld) -> int:
    """How often an upload was begun."""
    return sum(exchange.method in {"POST", "PATCH"} and "uploadType" in exchange.query for exchange in drive.exchanges)


def sent(drive: DriveWorld) -> list[str]:
    """Which bytes were sent by requests that Drive answered."""
    return [e.headers["Content-Range"] for e in drive.exchanges if e.method == "PUT" and e.status in {200, 308}]


@pytest.mark.parametrize("chunks", [0, 1, 50, 99])
async def test_an_upload_goes_on_after_a_restart_with_the_first_byte_that_drive_lacks(
    drive: DriveWorld, notes: FakeNotes, video: Path, chunks: int
) -> None:
    await put_and_die(drive, notes, video, chunks=chunks)
    stored = await put(drive, notes, video)

    parts = [f"bytes {n * CHUNK}-{(n + 1) * CHUNK - 1}/{len(MEDIA)}" for n in range(100)]
    assert sent(drive) == [*parts[:chunks], f"bytes */{len(MEDIA)}", *parts[chunks:]]
    assert sessions(drive) == 1
    assert [file["md5"] for file in drive.files()] == [stored.md5] == [MD5]
    assert notes == {}


async def test_an_upload_whose_last_answer_was_lost_with_the_process_is_found(
    drive: DriveWorld, notes: FakeNotes, video: Path
) -> None:
    await put_and_die(drive, notes, video, chunks=99, has_next=True)
    stored = await put(drive, notes, video)

    assert [file["id"] for file in drive.files()] == [stored.id]
    assert sessions(drive) == 1
    assert notes == {}


@pytest.mark.parametrize("status", [404, 410])
async def test_a_session_that_is_lost_after_a_restart_starts_over(
    drive: DriveWorld, notes: FakeNotes, video: Path, status: int
) -> None:
    await put_and_die(drive, notes, video, chunks=50)
    drive.lose_sessions(status)
    stored = await put(drive, notes, video)

    assert [file["md5"] for file in drive.files()] == [stored.md5] == [MD5]
    assert sessions(drive) == 2
    assert notes == {}


async def test_a_session_is_not_taken_up_for_other_bytes_of_the_same_size(
    drive: DriveWorld, notes: FakeNotes, video: Path
) -> None:
    await put_and_die(drive, notes, video, chunks=50)
    rewrite(video, MEDIA[::-1])
    stored = await put(drive, notes, video)

    assert drive.content(stored.id) == MEDIA[::-1]
    assert sessions(drive) == 2


async def test_a_session_is_not_taken_up_when_another_file_is_there_by_now(
    drive: DriveWorld, notes: FakeNotes, video: Path
) -> None:
    await put_and_die(drive, notes, video, chunks=50)
    rewrite(video, b"short")
    first = await put(drive, FakeNotes(), video)
    rewrite(video, MEDIA)
    stored = await put(drive, notes, video)

    assert [file["id"] for file in drive.files()] == [first.id] == [stored.id]


async def test_a_session_is_not_taken_up_for_another_folder(drive: DriveWorld, notes: FakeNotes, video: Path) -> None:
    await put_and_die(drive, notes, video, chunks=50)
    folder = drive.add_shared_drive("Team")
    stored = await put(drive, notes, video, folder=folder)

    assert [file["id"] for file in drive.tree(folder)] == [stored.id]


async def test_the_ledger_keeps_a_session(drive: DriveWorld, video: Path) -> None:
    url = f"sqlite+aiosqlite:///{video.with_name('ledger.db')}"
    async with aclosing(await open_store(url)) as store:
        await put_and_die(drive, store, video, chunks=50)
    async with aclosing(await open_store(url)) as store:
        await put(drive, store, video)

    assert sessions(drive) == 1


@pytest.mark.parametrize("status", [None, 400, 503])
async def test_an_error_does_not_tell_the_sessions_address(
    drive: DriveWorld, notes: FakeNotes, video: Path, status: int | None
) -> None:
    drive.faults.append(Fault("PUT", "^/upload", status=status))
    with pytest.raises(AuditscribeError) as caught:
        await put(drive, notes, video)

    assert "upload_id=" in notes[SESSION]
    assert "upload_id=" not in "".join(traceback.format_exception(caught.value))


def test_a_refused_connection_does_not_tell_its_address() -> None:
    nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]  # google-auth has no types here
    with pytest.raises(TransientError) as caught, named_errors():
        Wire(nobody).request("http://127.0.0.1:9/upload?upload_id=secret", "PUT", b"")

    assert "secret" not in "".join(traceback.format_exception(caught.value))
