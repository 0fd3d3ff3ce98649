"""The sandbox's file uploads against the real notion-client: their life, their limits, what a page shows of them."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, AsyncClient

from sandbox.notion.world import NotionWorld

MIB = 2**20
COLUMN = "Transcript File"


@pytest.fixture
async def world() -> AsyncIterator[NotionWorld]:
    world = NotionWorld()
    world.gate.requests_per_second = 1000
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
async def client(world: NotionWorld) -> AsyncIterator[AsyncClient]:
    client = AsyncClient(auth=world.token, base_url=world.url, retry=False)
    yield client
    await client.aclose()


@pytest.fixture
def page(world: NotionWorld) -> str:
    return world.add_page(world.audit_database(), {})


async def uploaded(client: AsyncClient, content: bytes = b"Hello", **about: Any) -> dict[str, Any]:
    made = await client.file_uploads.create(**{"filename": "a.txt", "content_type": "text/plain"} | about)
    sent: dict[str, Any] = await client.file_uploads.send(made["id"], file=("a.txt", content, "text/plain"))
    return sent


def cell(identifier: str, **about: Any) -> dict[str, Any]:
    return {COLUMN: {"files": [{"type": "file_upload", "file_upload": {"id": identifier}} | about]}}


async def refusal(call: Any) -> APIResponseError:
    with pytest.raises(APIResponseError) as caught:
        await call
    return caught.value


async def test_an_upload_is_pending_then_uploaded_and_once_attached_it_stays(client: AsyncClient, page: str) -> None:
    made = await client.file_uploads.create(mode="single_part", filename="a.txt")
    assert (made["status"], made["content_type"], made["content_length"]) == ("pending", "text/plain", None)
    assert made["upload_url"].endswith(f"/v1/file_uploads/{made['id']}/send")

    sent = await client.file_uploads.send(made["id"], file=("a.txt", b"Hello", "text/plain"))
    assert (sent["status"], sent["content_length"]) == ("uploaded", 5)
    assert sent["expiry_time"] == made["expiry_time"]

    await client.pages.update(page, properties=cell(made["id"], name="b.txt"))
    assert (await client.file_uploads.retrieve(made["id"]))["expiry_time"] is None


async def test_an_attached_upload_is_shown_as_a_file_that_can_be_read_for_an_hour(
    world: NotionWorld, client: AsyncClient, page: str
) -> None:
    upload = await uploaded(client)
    answer = await client.pages.update(page, properties=cell(upload["id"]))
    [file] = answer["properties"][COLUMN]["files"]
    world.uploads.lifetime = 0
    [late] = world.page_values(page)[COLUMN]

    assert (file["type"], file["name"]) == ("file", "a.txt")
    async with httpx.AsyncClient() as reader:
        assert (await reader.get(file["file"]["url"])).content == b"Hello"
        assert (await reader.get(late)).status_code == 403
        assert (await reader.get(file["file"]["url"] + "0")).status_code == 403
    assert world.page_files(page, COLUMN) == {"a.txt": b"Hello"}


async def test_an_upload_may_be_attached_twice(world: NotionWorld, client: AsyncClient, page: str) -> None:
    upload = await uploaded(client)
    other = world.add_page(world.audit_database(), {})
    for target in (page, other, other):
        await client.pages.update(target, properties=cell(upload["id"]))

    assert world.page_files(page, COLUMN) == world.page_files(other, COLUMN) == {"a.txt": b"Hello"}


async def test_what_is_not_attached_in_time_expires(world: NotionWorld, client: AsyncClient, page: str) -> None:
    world.uploads.lifetime = 0
    made = await client.file_uploads.create(filename="a.txt")

    assert (await client.file_uploads.retrieve(made["id"]))["status"] == "expired"
    assert (await refusal(client.file_uploads.send(made["id"], file=("a.txt", b"late", "text/plain")))).status == 400
    assert (await refusal(client.pages.update(page, properties=cell(made["id"])))).status == 400


async def test_an_upload_that_is_unknown_or_was_not_sent_is_no_file(client: AsyncClient, page: str) -> None:
    made = await client.file_uploads.create(filename="a.txt")
    unsent = await refusal(client.pages.update(page, properties=cell(made["id"])))
    unknown = await refusal(client.pages.update(page, properties=cell("0" * 32)))

    assert (unsent.status, unsent.code) == (400, "validation_error")
    assert (unknown.status, unknown.code) == (404, "object_not_found")


async def test_a_refused_request_attaches_nothing(client: AsyncClient, page: str) -> None:
    upload = await uploaded(client)
    await refusal(client.pages.update(page, properties=cell(upload["id"]) | {"Channel": {"select": {"name": "a, b"}}}))

    assert (await client.file_uploads.retrieve(upload["id"]))["expiry_time"] is not None


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"filename": "a.srt"}, "Provided `filename` has an extension that is not supported for the File Upload API."),
        (
            {"content_type": "application/x-subrip"},
            "The content type application/x-subrip is not supported for the File Upload API.",
        ),
        (
            {"filename": "x" * 897 + ".txt"},
            "body failed validation: the size of body.filename in bytes should be ≤ `900`, instead was `901`.",
        ),
        ({"mode": "multi_part", "number_of_parts": 2}, "Files in several parts are for paid workspaces."),
    ],
)
async def test_a_file_that_notion_would_not_take_is_refused(
    client: AsyncClient, about: dict[str, Any], words: str
) -> None:
    error = await refusal(uploaded(client, **about))

    assert (error.status, error.code, str(error)) == (400, "validation_error", words)


async def test_a_name_without_an_extension_gets_that_of_its_type(client: AsyncClient) -> None:
    assert (await uploaded(client, filename="a"))["filename"] == "a.txt"
    assert (await uploaded(client, filename="a.srt.txt", content_type="application/octet-stream"))["content_type"] == (
        "text/plain"
    )


async def test_the_workspaces_plan_limits_a_file_and_tells_so(world: NotionWorld, client: AsyncClient) -> None:
    error = await refusal(uploaded(client, bytes(6 * MIB)))
    world.plan.is_free = False
    me = await client.users.me()
    too_much = await refusal(uploaded(client, bytes(20 * MIB + MIB // 2)))

    assert str(error) == "File size of 6 MiB exceeds the limit of 5 MiB."
    assert me["bot"]["workspace_limits"]["max_file_upload_size_in_bytes"] == 5 * 2**30
    assert str(too_much) == "File size of 20.5 MiB exceeds the limit of 20 MiB."
    assert (await uploaded(client, bytes(6 * MIB)))["status"] == "uploaded"


async def test_a_file_in_parts_is_whole_when_all_have_come_in_any_order(
    world: NotionWorld, client: AsyncClient, page: str
) -> None:
    world.plan.is_free = False
    parts = [b"1" * 5 * MIB, b"2"]
    made = await client.file_uploads.create(mode="multi_part", number_of_parts=2, filename="a.txt")
    upload = made["id"]
    await client.file_uploads.send(upload, file=("a.txt", parts[1], "text/plain"), part_number="2")
    early = await refusal(client.file_uploads.complete(upload))
    small = await refusal(client.file_uploads.send(upload, file=("a.txt", b"1", "text/plain"), part_number="1"))
    await client.file_uploads.send(upload, file=("a.txt", parts[0], "text/plain"), part_number="1")

    assert early.status == small.status == 400
    assert (await client.file_uploads.complete(upload))["status"] == "uploaded"
    await client.pages.update(page, properties=cell(upload))
    assert world.page_files(page, COLUMN) == {"a.txt": b"".join(parts)}
