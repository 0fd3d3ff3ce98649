"""What Drive and the local folder promise alike."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.drive.world import DriveWorld
from services.clients.drive import DriveStorage
from services.clients.drive_login import load_credentials
from services.clients.local_storage import LocalStorage
from services.clients.storage import Storage
from services.media import StoredFile
from tests.builders import FakeNotes


@pytest.fixture(params=["drive", "local"])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    if request.param == "local":
        yield LocalStorage(tmp_path / "store")
        return
    world = DriveWorld()
    await world.start()
    world.write_token_file(tmp_path / "token.json")
    yield DriveStorage(load_credentials(tmp_path / "token.json", None), world.url, notes=FakeNotes())
    await world.stop()
    assert world.violations == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_text("hello")
    return path


async def a_folder(storage: Storage, name: str = "Talk", owner: str = "job-1") -> StoredFile:
    return await storage.ensure_folder(name, owner=owner, role="folder")


async def put(storage: Storage, path: Path, folder: StoredFile, role: str = "video") -> tuple[StoredFile, list[float]]:
    told: list[float] = []
    stored = await storage.upload(path, "a/b.txt", folder=folder.id, owner="job-1", role=role, progress=told.append)
    return stored, told


async def test_a_folder_is_found_by_owner_and_role_whatever_its_name(storage: Storage) -> None:
    folder = await a_folder(storage)

    assert await a_folder(storage, "Another title") == folder
    assert (await a_folder(storage, owner="job-2")).id != folder.id
    assert (await storage.ensure_folder("Talk", owner="job-1", role="other")).id != folder.id


async def test_a_folder_can_lie_in_another(storage: Storage) -> None:
    outer = await a_folder(storage)
    inner = await storage.ensure_folder("Inner", owner="job-1", role="inner", parent=outer.id)

    assert await storage.ensure_folder("Inner", owner="job-1", role="inner", parent=outer.id) == inner


async def test_what_was_made_is_there(storage: Storage, source: Path) -> None:
    folder = await a_folder(storage)
    stored, _ = await put(storage, source, folder)

    assert await storage.is_there(folder)
    assert await storage.is_there(stored)
    assert not await storage.is_there(replace(stored, id="nowhere"))


async def test_a_stored_file_tells_name_size_and_md5(storage: Storage, source: Path) -> None:
    stored, told = await put(storage, source, await a_folder(storage))

    assert (stored.name, stored.size) == ("a-b.txt", 5)
    assert stored.md5 == hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert told[-1] == 1.0


async def test_an_empty_file_is_a_file(storage: Storage, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    stored, _ = await put(storage, empty, await a_folder(storage))

    assert stored.size == 0


async def test_a_file_of_the_same_content_is_returned_as_it_is(storage: Storage, source: Path) -> None:
    folder = await a_folder(storage)
    (first, _), (second, told) = [await put(storage, source, folder) for _ in range(2)]

    assert second == first
    assert told == [1.0]


async def test_new_content_takes_the_place_of_the_old(storage: Storage, source: Path, tmp_path: Path) -> None:
    better = tmp_path / "better"
    better.write_text("hello there")
    folder = await a_folder(storage)
    (first, _), (second, _) = [await put(storage, path, folder) for path in (source, better)]

    assert (second.id, second.size) == (first.id, 11)


async def test_calls_at_once_make_one_of_each(storage: Storage, source: Path) -> None:
    folders = await asyncio.gather(*(a_folder(storage) for _ in range(3)))
    stored = await asyncio.gather(*(put(storage, source, folders[0]) for _ in range(3)))

    assert len({folder.id for folder in folders}) == 1
    assert len({file.id for file, _ in stored}) == 1


async def test_two_roles_are_two_files(storage: Storage, source: Path) -> None:
    folder = await a_folder(storage)
    stored = await asyncio.gather(*(put(storage, source, folder, role) for role in ("video", "audio")))

    assert len({file.id for file, _ in stored}) == 2
