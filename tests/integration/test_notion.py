"""Rules of our Notion client, against the sandbox's Notion."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from config.notion_config import AUDIT_PROCESS
from sandbox.notion.world import NotionWorld
from sandbox.server import Exchange, Fault
from services.clients.notion import NotionClient
from services.errors import OperatorError, PermanentError, TransientError

FIELDS = AUDIT_PROCESS.field_map


@pytest.fixture
async def world() -> AsyncIterator[NotionWorld]:
    world = NotionWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
async def notion(world: NotionWorld) -> AsyncIterator[NotionClient]:
    client = NotionClient(world.token, world.url)
    yield client
    await client.aclose()


def last(world: NotionWorld) -> Exchange:
    return world.exchanges[-1]


async def a_page(world: NotionWorld) -> str:
    return world.add_page(world.audit_database(), {"Name": "a video"})


async def test_a_status_is_sent_alone(world: NotionWorld, notion: NotionClient) -> None:
    page_id = await a_page(world)

    assert await notion.update_status_field(page_id, "Downloading", FIELDS) is True

    assert (last(world).method, last(world).path) == ("PATCH", f"/v1/pages/{page_id}")
    assert last(world).body == {"properties": {"Transcript Process Status": {"select": {"name": "Downloading"}}}}


async def test_an_error_is_sent_with_its_status_in_one_request(world: NotionWorld, notion: NotionClient) -> None:
    page_id = await a_page(world)

    assert await notion.update_error_field(page_id, "Error in video processing: gone", FIELDS) is True

    assert last(world).body == {
        "properties": {
            "ProcessErrors": {"rich_text": [{"type": "text", "text": {"content": "Error in video processing: gone"}}]},
            "Transcript Process Status": {"select": {"name": "Error"}},
        }
    }


async def test_without_the_key_nothing_is_sent(world: NotionWorld, notion: NotionClient) -> None:
    assert await notion.update_status_field("page", "Downloading", {}) is False
    assert await notion.update_error_field("page", "why", {"status": "Transcript Process Status"}) is False
    assert world.exchanges == []


@pytest.mark.defect("write failures to Notion were swallowed")
@pytest.mark.parametrize(
    ("status", "named"),
    [
        (400, PermanentError),
        (401, OperatorError),
        (403, OperatorError),
        (404, PermanentError),
        (409, TransientError),
        (429, TransientError),
        (500, TransientError),
        (503, TransientError),
        (529, TransientError),
        (None, TransientError),
    ],
)
async def test_every_other_outcome_is_a_named_error(
    world: NotionWorld, notion: NotionClient, status: int | None, named: type[Exception]
) -> None:
    body = {"object": "error", "status": status, "code": "some_code", "message": "Some words.", "request_id": "1"}
    world.faults.append(Fault("PATCH", "/v1/pages/", status, body=body))

    with pytest.raises(named) as error:
        await notion.update_status_field(await a_page(world), "Downloading", FIELDS)

    assert type(error.value) is named or issubclass(type(error.value), named)


async def test_a_request_that_came_too_soon_is_sent_again_when_notion_wants_it(
    world: NotionWorld, notion: NotionClient
) -> None:
    page_id = await a_page(world)
    body = {"object": "error", "status": 429, "code": "rate_limited", "message": "Slow down.", "request_id": "1"}
    world.faults.append(Fault("PATCH", "/v1/pages/", 429, headers={"Retry-After": "1"}, body=body))

    await notion.update_status_field(page_id, "Downloading", FIELDS)

    assert world.status_history(page_id) == ["Downloading"]
    assert world.exchanges[-1].at - world.exchanges[-2].at >= 0.99


async def test_many_requests_at_once_never_come_too_soon(world: NotionWorld, notion: NotionClient) -> None:
    page_id = await a_page(world)

    await asyncio.gather(*(notion.update_status_field(page_id, "Downloading", FIELDS) for _ in range(8)))

    assert {one.status for one in world.exchanges} == {200}


async def test_a_long_retry_after_is_told_and_holds_all_traffic_back(world: NotionWorld, notion: NotionClient) -> None:
    page_id = await a_page(world)
    body = {"object": "error", "status": 429, "code": "rate_limited", "message": "Slow down.", "request_id": "1"}
    world.faults.append(Fault("PATCH", "/v1/pages/", 429, headers={"Retry-After": "300"}, body=body))

    with pytest.raises(TransientError) as error:
        await notion.update_status_field(page_id, "Downloading", FIELDS)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await notion.update_status_field(page_id, "Transcribing", FIELDS)

    assert error.value.retry_after == 300
    assert len(world.exchanges) == 1


async def test_a_database_is_found_by_its_id_its_data_source_or_its_page_url(
    world: NotionWorld, notion: NotionClient
) -> None:
    database_id = world.audit_database()

    table = await notion.data_source(database_id)

    assert table.columns["Transcript Process Status"] == "select"
    assert table.title_column == "Name"
    assert await notion.data_source(table.id) == table
    assert await notion.data_source(f"https://www.notion.so/acme/{database_id.replace('-', '')}?v=1") == table


async def test_a_table_is_asked_for_once(world: NotionWorld, notion: NotionClient) -> None:
    database_id = world.audit_database()
    await notion.data_source(database_id)
    asked = len(world.exchanges)

    await notion.data_source(database_id)

    assert len(world.exchanges) == asked


@pytest.mark.parametrize("address", ["0" * 32, "not an id"])
async def test_a_database_that_is_not_there_is_the_operators_to_mend(notion: NotionClient, address: str) -> None:
    with pytest.raises(OperatorError):
        await notion.data_source(address)


async def test_a_retry_after_that_is_a_date_counts_from_the_answers_own(
    world: NotionWorld, notion: NotionClient
) -> None:
    dates = {"Date": "Mon, 23 Nov 2020 12:00:00 GMT", "Retry-After": "Mon, 23 Nov 2020 12:05:00 GMT"}
    world.faults.append(Fault("GET", "/v1/users/me", 429, headers=dates, body={"object": "error", "status": 429}))

    with pytest.raises(TransientError) as error:
        await notion.connection_name()

    assert error.value.retry_after == 300
