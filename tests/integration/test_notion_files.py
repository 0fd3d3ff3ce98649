"""Rules of our uploads to Notion, against the sandbox's Notion."""

import httpx
import pytest

from sandbox.notion.world import NotionWorld
from sandbox.server import Fault
from services.clients.notion import NotionClient
from services.clients.notion_blocks import NotionBlocks, RefusedBlocksError, Toggle
from services.clients.notion_files import FileRefusedError, NotionFiles, text_name
from services.clients.notion_properties import UploadedFile, encode, rich_text
from services.errors import TransientError

SRT = "1\n00:00:00,000 --> 00:00:02,000\nÀ bientôt 😀\n".encode()
COLUMN = "Transcript SRT File"


@pytest.fixture
def files(notion: NotionClient) -> NotionFiles:
    return NotionFiles(notion.wire)


def paths(notion_world: NotionWorld) -> list[str]:
    return [exchange.path for exchange in notion_world.exchanges]


async def test_an_uploaded_text_becomes_a_file_of_its_page(
    notion_world: NotionWorld, notion: NotionClient, files: NotionFiles
) -> None:
    page_id = notion_world.add_page(notion_world.audit_database(), {})

    upload_id = await files.upload_text("Straße 😀.srt", SRT)
    file = encode(UploadedFile("Straße 😀.srt.txt", upload_id), "files")
    await notion.update_page(page_id, {COLUMN: file})

    assert notion_world.page_files(page_id, COLUMN) == {"Straße 😀.srt.txt": SRT}
    [address] = notion_world.page_values(page_id)[COLUMN]
    async with httpx.AsyncClient() as reader:
        assert (await reader.get(address)).content == SRT


@pytest.mark.parametrize(("name", "taken"), [("a.srt", "a.srt.txt"), ("a.txt", "a.txt"), ("A.TXT", "A.TXT")])
def test_a_kind_that_notion_does_not_know_is_sent_as_a_text(name: str, taken: str) -> None:
    assert text_name(name) == taken


async def test_the_workspaces_limit_is_asked_once_and_nothing_larger_is_sent(
    notion_world: NotionWorld, files: NotionFiles
) -> None:
    for _ in range(2):
        with pytest.raises(FileRefusedError, match=r"^long.txt is larger than the 5 MiB"):
            await files.upload_text("long.txt", bytes(5 * 2**20 + 1))

    assert paths(notion_world) == ["/v1/users/me"]


async def test_one_request_has_its_limit_in_paid_workspaces_too(notion_world: NotionWorld, files: NotionFiles) -> None:
    notion_world.plan.is_free = False

    await files.upload_text("long.txt", b"x" * (5 * 2**20 + 1))
    with pytest.raises(FileRefusedError, match=r"^long.txt is larger than the 20 MiB"):
        await files.upload_text("long.txt", bytes(20 * 2**20 + 1))


async def test_what_notion_refuses_can_be_told_from_what_it_could_not_do_now(
    notion_world: NotionWorld, files: NotionFiles
) -> None:
    with pytest.raises(FileRefusedError, match=r"body\.filename"):
        await files.upload_text("x" * 900 + ".txt", b"text")
    notion_world.faults.append(Fault("POST", "/send$", 503, before=False))
    with pytest.raises(TransientError):
        await files.upload_text("a.txt", b"text")

    assert await files.upload_text("a.txt", b"text")


async def test_an_upload_that_came_too_soon_is_sent_again_whole(
    notion_world: NotionWorld, notion: NotionClient, files: NotionFiles
) -> None:
    body = {"object": "error", "status": 429, "code": "rate_limited", "message": "Slow down.", "request_id": "1"}
    notion_world.faults.append(Fault("POST", "/send$", 429, headers={"Retry-After": "0"}, body=body))
    page_id = notion_world.add_page(notion_world.audit_database(), {})

    upload_id = await files.upload_text("a.txt", b"text")
    await notion.update_page(page_id, {COLUMN: encode(UploadedFile("a.txt", upload_id), "files")})

    assert notion_world.page_files(page_id, COLUMN) == {"a.txt": b"text"}


def test_a_long_file_name_is_cut_before_its_extension() -> None:
    held = encode(UploadedFile("😀" * 60 + ".srt.txt", "1"), "files")

    assert held == {
        "files": [{"name": "😀" * 46 + ".srt.txt", "type": "file_upload", "file_upload": {"id": "1"}}],
    }


async def test_used_up_blocks_are_named_and_leave_properties_writable(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    page_id = notion_world.add_page(notion_world.audit_database(), {})
    notion_world.plan.blocks_used_up = True

    with pytest.raises(RefusedBlocksError):
        await NotionBlocks(notion.wire).put(
            page_id, [Toggle("Audit record", "1-a go", (rich_text("words"),), replaces="1-a")]
        )
    await notion.update_page(page_id, {"Author": encode("Ada", "rich_text")})

    assert notion_world.page_values(page_id)["Author"] == "Ada"
