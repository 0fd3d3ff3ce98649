"""The local folder keeps what Drive keeps: each thing once, whole, under a name that its owner can read."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest

from services.clients.local_storage import LocalStorage
from services.errors import OperatorError, PermanentError, TransientError
from services.media import StoredFile

CONTENT = b"moving pictures" * 200_000


def silent(_fraction: float) -> None:
    """Progress that nobody follows."""


@pytest.fixture
def storage(tmp_path: Path) -> LocalStorage:
    return LocalStorage(tmp_path / "store")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    path.write_bytes(CONTENT)
    return path


async def put(storage: LocalStorage, path: Path, folder: StoredFile, role: str = "video") -> StoredFile:
    return await storage.upload(path, "Talk.mp4", folder=folder.id, owner="job-1", role=role, progress=silent)


async def test_two_owners_with_one_name_get_two_folders(storage: LocalStorage, tmp_path: Path) -> None:
    folders = [await storage.ensure_folder("Talk 3.5", owner=f"job-{n}", role="folder") for n in (1, 2, 3)]

    assert [folder.name for folder in folders] == ["Talk 3.5", "Talk 3.5 (2)", "Talk 3.5 (3)"]
    assert sorted(path.name for path in (tmp_path / "store").iterdir()) == ["Talk 3.5", "Talk 3.5 (2)", "Talk 3.5 (3)"]


async def test_a_folder_that_a_person_renamed_is_found_again(storage: LocalStorage, tmp_path: Path) -> None:
    await storage.ensure_folder("Talk", owner="job-1", role="folder")
    (tmp_path / "store" / "Talk").rename(tmp_path / "store" / "My favourite talk")

    assert (await storage.ensure_folder("Talk", owner="job-1", role="folder")).name == "My favourite talk"


async def test_a_folder_that_was_being_made_when_the_process_died_is_made_once(
    storage: LocalStorage, tmp_path: Path
) -> None:
    await storage.ensure_folder("Talk", owner="job-1", role="folder")
    unnamed = tmp_path / "store" / ("." + hashlib.sha256(b"folder job-1").hexdigest())
    (tmp_path / "store" / "Talk").rename(unnamed)

    assert (await storage.ensure_folder("Talk", owner="job-1", role="folder")).name == "Talk"
    assert [path.name for path in (tmp_path / "store").iterdir()] == ["Talk"]


async def test_a_file_is_copied_whole_and_can_be_opened_by_its_url(storage: LocalStorage, video: Path) -> None:
    told: list[float] = []
    folder = await storage.ensure_folder("Talk #1", owner="job-1", role="folder")
    stored = await storage.upload(
        video, "Talk: 1?.mp4", folder=folder.id, owner="job-1", role="video", progress=told.append
    )

    assert (stored.name, stored.size) == ("Talk- 1.mp4", len(CONTENT))
    assert stored.md5 == hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert stored.url.endswith("/Talk%20%231/Talk-%201.mp4")
    assert told == sorted(told)
    assert told[-1] == 1.0


async def test_a_stored_file_is_not_copied_again(storage: LocalStorage, video: Path, tmp_path: Path) -> None:
    folder = await storage.ensure_folder("Talk", owner="job-1", role="folder")
    first = await put(storage, video, folder)
    copied_at = (tmp_path / "store" / first.id).stat().st_mtime_ns

    assert await put(storage, video, folder) == first
    assert (tmp_path / "store" / first.id).stat().st_mtime_ns == copied_at


async def test_two_roles_with_one_name_get_two_files(storage: LocalStorage, video: Path) -> None:
    folder = await storage.ensure_folder("Talk", owner="job-1", role="folder")
    stored = await asyncio.gather(*(put(storage, video, folder, role) for role in ("video", "audio", "video")))

    assert sorted({file.name for file in stored}) == ["Talk (2).mp4", "Talk.mp4"]


async def test_a_cancelled_copy_leaves_nothing_behind(storage: LocalStorage, video: Path, tmp_path: Path) -> None:
    folder = await storage.ensure_folder("Talk", owner="job-1", role="folder")
    started = asyncio.Event()
    copying = asyncio.create_task(
        storage.upload(
            video, "a.mp4", folder=folder.id, owner="job-1", role="video", progress=lambda _fraction: started.set()
        )
    )
    await started.wait()
    copying.cancel()
    await asyncio.wait([copying])

    assert copying.cancelled()
    assert [path.name for path in (tmp_path / "store" / folder.id).iterdir()] == [".auditscribe.json"]


async def test_a_broken_marker_is_written_anew(storage: LocalStorage, video: Path, tmp_path: Path) -> None:
    marker = tmp_path / "store" / "Talk" / ".auditscribe.json"
    folder = await storage.ensure_folder("Talk", owner="job-1", role="folder")
    marker.write_text("{")
    await put(storage, video, folder)

    assert json.loads(marker.read_text()) == {"video job-1": "Talk.mp4"}


async def test_nothing_is_stored_outside_the_root(storage: LocalStorage, video: Path) -> None:
    outside = StoredFile(id="../elsewhere", name="", url="")
    with pytest.raises(PermanentError, match="outside"):
        await put(storage, video, outside)


async def test_a_full_disk_is_the_operators_matter(storage: LocalStorage, video: Path, tmp_path: Path) -> None:
    folder = await storage.ensure_folder("Talk", owner="job-1", role="folder")
    (tmp_path / "store" / "Talk" / ".Talk.mp4.part").symlink_to("/dev/full")

    with pytest.raises(OperatorError, match="disk is full"):
        await put(storage, video, folder)


async def test_a_disk_that_fails_is_tried_again_later(storage: LocalStorage, video: Path, tmp_path: Path) -> None:
    folder = await storage.ensure_folder("Talk", owner="job-1", role="folder")
    (tmp_path / "store" / "Talk" / ".Talk.mp4.part").mkdir()

    with pytest.raises(TransientError, match="could not be stored"):
        await put(storage, video, folder)
