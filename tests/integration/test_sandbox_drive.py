"""The sandbox's Drive against the real google-api-python-client: what it does, what it refuses, and how."""

import asyncio
import hashlib
import io
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import google_auth_httplib2
import httpx
import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseDownload, MediaIoBaseUpload, build_http

from sandbox.drive.files import FOLDER
from sandbox.drive.world import DriveWorld

KIB_256 = 256 * 2**10


@pytest.fixture
async def world() -> AsyncIterator[DriveWorld]:
    world = DriveWorld()
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
async def drive(world: DriveWorld, tmp_path: Path) -> AsyncIterator[Any]:
    """The client's service, its token taken from the file that the world writes."""
    world.write_token_file(tmp_path / "token.json")
    content = json.loads((tmp_path / "token.json").read_text())
    read = Credentials.from_authorized_user_file(tmp_path / "token.json")  # type: ignore[no-untyped-call]  # google-auth
    credentials = read.with_token_uri(content["token_uri"])  # which reading replaces by Google's own
    document = json.loads(get_static_doc("drive", "v3")) | {"rootUrl": f"{world.url}/"}
    del document["mtlsRootUrl"]
    http = google_auth_httplib2.AuthorizedHttp(credentials, http=build_http())
    service = build_from_document(document, http=http)
    yield service
    service.close()


async def run(request: Any) -> Any:
    return await asyncio.to_thread(request.execute)


async def refusal(call: Callable[[], Any]) -> tuple[int, str]:
    """Return status and reason of a refused call."""
    with pytest.raises(HttpError) as caught:
        await asyncio.to_thread(call)
    return caught.value.status_code, caught.value.error_details[0]["reason"]


def media(content: bytes, *, resumable: bool = False) -> MediaIoBaseUpload:
    return MediaIoBaseUpload(io.BytesIO(content), "video/mp4", chunksize=KIB_256, resumable=resumable)


async def test_folders_and_files_are_made_found_read_and_deleted_as_the_official_description_says(
    world: DriveWorld, drive: Any
) -> None:
    files = drive.files()
    marked = {"owner": "job's", "role": "folder"}
    folder = await run(
        files.create(body={"name": "2026 - It's", "mimeType": FOLDER, "appProperties": marked}, fields="id,webViewLink")
    )
    content = bytes(range(256)) * 5 + b"\r\n\n\r--x"
    small = await run(
        files.create(body={"name": "a.mp4", "parents": [folder["id"]]}, media_body=media(content), fields="*")
    )
    found = await run(
        files.list(
            q="appProperties has { key='owner' and value='job\\'s' } and not trashed = true",
            fields="files(id,name),nextPageToken",
            supportsAllDrives=True,
            includeItemsFromAllDrives=True,
            orderBy="folder,createdTime desc",
        )
    )
    assert found == {"files": [{"id": folder["id"], "name": "2026 - It's"}]}
    assert set(folder) == {"id", "webViewLink"}
    assert (small["size"], small["md5Checksum"]) == (
        str(len(content)),
        hashlib.md5(content, usedforsecurity=False).hexdigest(),
    )
    assert small["mimeType"] == "video/mp4"

    await run(files.update(fileId=small["id"], body={"name": "b.mp4"}, addParents="root", removeParents=folder["id"]))
    ids = (await run(files.generateIds(count=1)))["ids"]
    await run(files.create(body={"id": ids[0], "name": "c", "parents": ["root"]}))
    room = await run(drive.about().get(fields="storageQuota,user/emailAddress"))
    assert room["storageQuota"]["usage"] == str(len(content))
    assert await run(drive.drives().list()) == {"kind": "drive#driveList", "drives": []}
    into = io.BytesIO()
    download = MediaIoBaseDownload(into, files.get_media(fileId=small["id"]), chunksize=1000)
    while not (await asyncio.to_thread(download.next_chunk))[1]:
        pass
    assert into.getvalue() == content == world.content(small["id"])
    await run(files.delete(fileId=folder["id"]))

    assert [(file["name"], file.get("bytes")) for file in world.tree()] == [("b.mp4", len(content)), ("c", 0)]
    assert world.permissions() == []
    assert world.checked == len(world.exchanges)
    assert world.violations == []


async def test_a_resumable_upload_goes_on_where_the_connection_broke(world: DriveWorld, drive: Any) -> None:
    content = b"v" * (2 * KIB_256 + 7)
    request = drive.files().create(body={"name": "v.mp4"}, media_body=media(content, resumable=True), fields="id")
    await asyncio.to_thread(request.next_chunk)
    resumed = drive.files().create(body={"name": "v.mp4"}, media_body=media(content, resumable=True), fields="id")
    resumed.resumable_uri, resumed._in_error_state = request.resumable_uri, True
    while (answer := (await asyncio.to_thread(resumed.next_chunk))[1]) is None:
        pass

    assert set(answer) == {"id"}
    assert world.content(answer["id"]) == content
    assert [exchange.status for exchange in world.exchanges] == [200, 308, 308, 308, 200]
    assert world.violations == []


@pytest.mark.parametrize("status", [404, 410])
async def test_a_lost_session_says_so_and_leaves_nothing(world: DriveWorld, drive: Any, status: int) -> None:
    request = drive.files().create(body={}, media_body=media(b"v" * KIB_256 * 2, resumable=True))
    await asyncio.to_thread(request.next_chunk)
    world.lose_sessions(status)

    assert (await refusal(request.next_chunk))[0] == status
    assert world.files() == []


async def test_a_chunk_of_another_size_or_behind_a_gap_is_refused(world: DriveWorld) -> None:
    token = next(iter(world.consent.access_tokens))
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
        opened = await client.post(f"{world.url}/upload/drive/v3/files", params={"uploadType": "resumable"}, json={})
        session = opened.headers["Location"]
        odd = await client.put(session, content=b"v" * 1000, headers={"Content-Range": "bytes 0-999/*"})
        gap = await client.put(session, content=b"v", headers={"Content-Range": f"bytes {KIB_256}-{KIB_256}/262145"})
        backwards = await client.put(session, headers={"Content-Range": "bytes 9-8/9"})

    assert [answer.status_code for answer in (odd, gap, backwards)] == [400, 400, 400]
    assert len(world.violations) == 2


async def test_an_expired_token_is_renewed_until_the_consent_is_revoked(world: DriveWorld, drive: Any) -> None:
    world.consent.access_tokens.clear()
    await run(drive.files().list())
    assert [exchange.status for exchange in world.exchanges] == [401, 200, 200]

    world.consent.access_tokens.clear()
    world.consent.is_revoked = True
    with pytest.raises(RefreshError, match="invalid_grant"):
        await run(drive.files().list())
    assert world.violations == []


async def test_what_a_person_made_by_hand_is_not_found(world: DriveWorld, drive: Any) -> None:
    folder = world.made_by_hand("Mine")

    assert await refusal(drive.files().get(fileId=folder).execute) == (404, "notFound")
    assert await refusal(drive.files().create(body={"parents": [folder]}).execute) == (404, "notFound")
    assert (await run(drive.files().list()))["files"] == []


async def test_a_shared_drive_is_there_only_for_those_who_ask_for_all_drives(world: DriveWorld, drive: Any) -> None:
    shared = world.add_shared_drive("Team")
    world.shelf.quota_bytes = 0
    body = {"name": "v", "parents": [shared]}
    assert await refusal(drive.files().create(body=body).execute) == (404, "notFound")

    made = await run(drive.files().create(body=body, media_body=media(b"v"), supportsAllDrives=True))
    found = await run(drive.files().list(supportsAllDrives=True, includeItemsFromAllDrives=True, corpora="allDrives"))

    assert [file["id"] for file in found["files"]] == [made["id"]]
    assert (await run(drive.files().list()))["files"] == []


async def test_a_full_drive_takes_no_more_bytes(world: DriveWorld, drive: Any) -> None:
    world.shelf.quota_bytes = 3
    await run(drive.files().create(body={"mimeType": FOLDER}))
    for resumable in (False, True):
        upload = drive.files().create(body={}, media_body=media(b"four", resumable=resumable))
        assert await refusal(upload.execute) == (403, "storageQuotaExceeded")

    assert world.files() == []


@pytest.mark.parametrize(("reason", "status"), [("userRateLimitExceeded", 403), ("rateLimitExceeded", 429)])
async def test_too_many_requests_are_refused_while_the_world_is_told_to(
    world: DriveWorld, drive: Any, reason: str, status: int
) -> None:
    world.refusing = reason

    assert await refusal(drive.files().list().execute) == (status, reason)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"q": "name = 'unfinished"}, "invalid"),
        ({"q": "owner likes 'x'"}, "invalid"),
        ({"q": "trashed = 'true'"}, "invalid"),
        ({"fields": "files(id,nmae)"}, "invalidParameter"),
        ({"orderBy": "size"}, "invalid"),
        ({"pageToken": "made up"}, "invalid"),
    ],
)
async def test_a_search_that_cannot_be_read_is_refused(drive: Any, arguments: dict[str, Any], reason: str) -> None:
    assert await refusal(drive.files().list(**arguments).execute) == (400, reason)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("name contains 'world'", ["Hello World"]),
        ("name contains 'orld'", []),
        ("name = 'a\\\\b' or name = 'it\\'s'", ["a\\b", "it's"]),
        ("mimeType != 'video/mp4' and (name = 'a\\\\b' or not name contains 'it')", ["a\\b"]),
        (
            "'root' in parents and createdTime > '2020-01-01T00:00:00' and mimeType = 'video/mp4'",
            ["Hello World", "it's"],
        ),
        ("trashed = true", []),
    ],
)
async def test_a_search_finds_what_its_words_say(world: DriveWorld, drive: Any, query: str, names: list[str]) -> None:
    for name, kind in (("Hello World", "video/mp4"), ("it's", "video/mp4"), ("a\\b", "text/plain")):
        await run(drive.files().create(body={"name": name, "mimeType": kind}))
    found, request = [], drive.files().list(q=query, pageSize=1, orderBy="name")
    while request is not None:
        answer = await run(request)
        found += [file["name"] for file in answer["files"]]
        request = drive.files().list_next(request, answer)

    assert found == names
    assert world.violations == []


async def test_what_is_in_a_trashed_folder_is_in_the_trash_too(world: DriveWorld, drive: Any) -> None:
    folder = await run(drive.files().create(body={"mimeType": FOLDER}))
    await run(drive.files().create(body={"name": "v", "parents": [folder["id"]]}))
    await run(drive.files().update(fileId=folder["id"], body={"trashed": True}))
    assert (await run(drive.files().list(q="trashed = false")))["files"] == []
    assert world.tree() == []

    await run(drive.files().update(fileId=folder["id"], body={"trashed": False}))
    assert [file["name"] for file in world.files()] == ["v"]


async def test_what_comes_into_a_trashed_folder_is_in_the_trash_and_into_a_deleted_one_nothing_comes(
    world: DriveWorld, drive: Any
) -> None:
    trashed, deleted = [await run(drive.files().create(body={"mimeType": FOLDER})) for _ in range(2)]
    world.trash(trashed["id"])
    world.delete(deleted["id"])

    made = await run(drive.files().create(body={"parents": [trashed["id"]]}, fields="trashed"))

    assert made["trashed"]
    body = {"parents": [deleted["id"]]}
    assert await refusal(drive.files().create(body=body).execute) == (404, "notFound")


async def test_an_app_property_has_at_most_124_bytes(drive: Any) -> None:
    longest = {"appProperties": {"key": "é" * 60 + "x"}}
    await run(drive.files().create(body=longest))
    longest["appProperties"]["key"] += "x"

    assert (await refusal(drive.files().create(body=longest).execute))[0] == 400


async def test_an_id_makes_one_file_only(drive: Any) -> None:
    file_id = (await run(drive.files().generateIds(count=1)))["ids"][0]
    await run(drive.files().create(body={"id": file_id}))

    assert await refusal(drive.files().create(body={"id": file_id}).execute) == (409, "fileIdInUse")
    assert await refusal(drive.files().create(body={"id": "own idea"}).execute) == (400, "invalid")


async def test_sharing_is_seen(world: DriveWorld, drive: Any) -> None:
    made = await run(drive.files().create(body={}))
    await run(drive.permissions().create(fileId=made["id"], body={"type": "anyone", "role": "reader"}))

    assert [(entry["type"], entry["role"]) for entry in world.permissions()] == [("anyone", "reader")]
    assert world.violations == []


async def test_what_the_description_does_not_know_is_a_violation(world: DriveWorld) -> None:
    token = next(iter(world.consent.access_tokens))
    async with httpx.AsyncClient(base_url=world.url, headers={"Authorization": f"Bearer {token}"}) as client:
        await client.post("/drive/v3/files", json={"nmae": "x"})
        await client.post("/drive/v3/files", json={"appProperties": {"a": {"b": "c"}}})
        await client.get("/drive/v3/files", params={"pageSize": "0"})
        await client.get("/drive/v3/files", params={"page": "1"})
        await client.get("/drive/v3/file")

    assert len(world.violations) == 5


async def test_a_throttled_upload_takes_its_time(world: DriveWorld, drive: Any) -> None:
    world.bytes_per_second = 1e6
    before = asyncio.get_running_loop().time()
    await run(drive.files().create(body={}, media_body=media(b"v" * 200_000)))

    assert asyncio.get_running_loop().time() - before > 0.2
