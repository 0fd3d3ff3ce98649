"""The sandbox's Notion against the real notion-client: what it does, what it refuses, and in which words."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from notion_client import APIResponseError, AsyncClient

from sandbox.notion.databases import STATUSES
from sandbox.notion.world import NotionWorld


@pytest.fixture
async def world() -> AsyncIterator[NotionWorld]:
    world = NotionWorld()
    world.gate.requests_per_second = 1000
    await world.start()
    yield world
    await world.stop()


@pytest.fixture
async def client(world: NotionWorld) -> AsyncIterator[AsyncClient]:
    client = AsyncClient(auth=world.token, base_url=world.url, retry=False)
    yield client
    await client.aclose()


@pytest.fixture
def source(world: NotionWorld) -> dict[str, Any]:
    """The parent of new pages: the audit database's data source."""
    return {"type": "data_source_id", "data_source_id": world.data_sources(world.audit_database())[0]}


def text(content: str) -> dict[str, Any]:
    return {"rich_text": [{"type": "text", "text": {"content": content}}]}


def select(name: str) -> dict[str, Any]:
    return {"select": {"name": name}}


def nested(kind: str, levels: int) -> dict[str, Any]:
    """Return a block with blocks in it; 1 has none."""
    inner = {"children": [nested(kind, levels - 1)]} if levels > 1 else {}
    return {kind: text("x") | inner}


async def refusal(call: Any) -> APIResponseError:
    with pytest.raises(APIResponseError) as caught:
        await call
    return caught.value


async def test_a_page_is_made_found_and_filled_as_the_official_description_says(
    world: NotionWorld, client: AsyncClient
) -> None:
    database = await client.databases.retrieve(world.audit_database())
    source = database["data_sources"][0]["id"]
    columns = (await client.data_sources.retrieve(source))["properties"]
    assert [option["name"] for option in columns["Transcript Process Status"]["select"]["options"]] == list(STATUSES)

    page = await client.pages.create(
        parent={"type": "data_source_id", "data_source_id": source},
        properties={
            "Name": {"title": [{"text": {"content": "A 😀 video"}}]},
            "Message ID": text("123"),
            "Date": {"date": {"start": "2026-11-23T10:00:00Z"}},
            "Channel": select("audit-process"),
            "Attached File": {"files": [{"name": "a.mp4", "external": {"url": "https://cdn.example/a.mp4"}}]},
        },
        children=[{"paragraph": text("Hello")}],
    )
    found = await client.data_sources.query(
        source,
        filter={
            "and": [
                {"property": "Message ID", "rich_text": {"equals": "123"}},
                {"or": [{"property": "Video ID", "rich_text": {"is_empty": True}}]},
            ]
        },
        sorts=[{"timestamp": "created_time", "direction": "descending"}],
    )
    assert [result["id"] for result in found["results"]] == [page["id"]]

    await client.pages.update(page["id"], properties={"Transcript Process Status": select("Processing")})
    await client.pages.update(
        page["id"],
        properties={
            "Transcript Process Status": select("Complete"),
            "Lenght min": {"number": 1.5},
            "URL": {"url": None},
        },
    )
    appended = await client.blocks.children.append(page["id"], children=[{"bulleted_list_item": text("World")}])
    listed = await client.blocks.children.list(page["id"], page_size=1)
    block = await client.blocks.retrieve(appended["results"][0]["id"])
    await client.blocks.update(block["id"], bulleted_list_item=text("all"))
    await client.blocks.delete(listed["results"][0]["id"])
    await client.users.me()
    await client.users.list()

    assert world.pages(database["id"]) == [page["id"]]
    values = world.page_values(page["id"])
    assert values["Name"] == "A 😀 video"
    assert values["Date"] == "2026-11-23T10:00:00.000+00:00"
    assert values["Channel"] == "audit-process"
    assert values["Attached File"] == ["https://cdn.example/a.mp4"]
    assert values["Lenght min"] == 1.5
    assert world.status_history(page["id"]) == ["Processing", "Complete"]
    assert [content["rich_text"][0]["plain_text"] for _, content in world.page_blocks(page["id"])] == ["all"]
    assert world.checked == len(world.exchanges)
    assert world.violations == []


async def test_who_does_not_know_the_token_is_turned_away(world: NotionWorld) -> None:
    stranger = AsyncClient(auth="ntn_wrong", base_url=world.url, retry=False)
    error = await refusal(stranger.users.me())
    await stranger.aclose()

    assert (error.status, error.code) == (401, "unauthorized")


async def test_a_request_without_a_version_or_to_an_unknown_address_is_refused(world: NotionWorld) -> None:
    async with httpx.AsyncClient(base_url=world.url, headers={"Authorization": f"Bearer {world.token}"}) as client:
        unversioned = await client.get("/v1/users/me")
        unknown = await client.get("/v1/nowhere", headers={"Notion-Version": "2026-03-11"})

    assert (unversioned.status_code, unversioned.json()["code"]) == (400, "missing_version")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid_request_url")
    assert world.violations == ["GET /v1/nowhere: no such operation"]


async def test_more_than_three_requests_in_a_second_are_told_how_long_to_wait(
    world: NotionWorld, client: AsyncClient
) -> None:
    world.gate.requests_per_second = 3
    for _ in range(3):
        await client.users.me()
    error = await refusal(client.users.me())

    assert (error.status, error.code) == (429, "rate_limited")
    assert error.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    ("properties", "message"),
    [
        ({"Nope": text("x")}, "Nope is not a property that exists."),
        ({"Author": select("x")}, "Author is expected to be rich_text."),
        (
            {"Author": text("x" * 1999 + "😀")},
            (
                "body failed validation: body.properties.Author.rich_text[0].text.content.length "
                "should be ≤ `2000`, instead was `2001`."
            ),
        ),
        (
            {"Author": {"rich_text": [{"text": {"content": "x"}}] * 101}},
            "body failed validation: body.properties.Author.rich_text.length should be ≤ `100`, instead was `101`.",
        ),
        (
            {"URL": {"url": "https://e.org/" + "x" * 2000}},
            "body failed validation: body.properties.URL.url.length should be ≤ `2000`, instead was `2014`.",
        ),
        ({"Channel": select("a, b")}, "Invalid select option, commas not allowed: a, b"),
    ],
)
async def test_a_value_that_notion_would_not_take_is_refused_in_its_words_and_changes_nothing(
    world: NotionWorld, client: AsyncClient, source: dict[str, Any], properties: dict[str, Any], message: str
) -> None:
    error = await refusal(client.pages.create(parent=source, properties={"Server": text("kept out"), **properties}))

    assert (error.status, error.code, str(error)) == (400, "validation_error", message)
    assert world.workspace.pages == {}


async def test_writing_an_unknown_select_option_makes_it_but_a_status_has_to_know_it(
    world: NotionWorld, client: AsyncClient
) -> None:
    database = world.add_database(
        "D", {"Name": "title", "S": {"status": {"options": [{"name": "Open"}]}}, "L": "select"}
    )
    page = world.add_page(database, {"Name": "One"})
    await client.pages.update(page, properties={"L": select("new"), "S": {"status": {"name": "Open"}}})
    error = await refusal(client.pages.update(page, properties={"S": {"status": {"name": "Odd"}}}))

    schema = await client.data_sources.retrieve(world.data_sources(database)[0])
    assert [option["name"] for option in schema["properties"]["L"]["select"]["options"]] == ["new"]
    assert error.status == 400
    assert world.page_values(page) == {"Name": "One", "S": "Open", "L": "new"}
    assert world.violations == []


async def test_a_new_list_of_options_replaces_the_old_one(world: NotionWorld, client: AsyncClient) -> None:
    options = {"select": {"options": [{"name": "kept"}, {"name": "lost"}]}}
    database = world.add_database("D", {"Name": "title", "L": options})
    source = world.data_sources(database)[0]
    pages = [world.add_page(database, {"L": name}) for name in ("kept", "lost")]
    kept = (await client.data_sources.retrieve(source))["properties"]["L"]["select"]["options"][0]

    await client.data_sources.update(
        source,
        properties={
            "L": {"select": {"options": [{"id": kept["id"], "name": "kept"}, {"name": "more"}]}},
            "Notes": {"rich_text": {}},
        },
    )

    columns = (await client.data_sources.retrieve(source))["properties"]
    assert [option["name"] for option in columns["L"]["select"]["options"]] == ["kept", "more"]
    assert columns["L"]["select"]["options"][0] == kept
    assert [world.page_values(page)["L"] for page in pages] == ["kept", None]
    assert columns["Notes"]["type"] == "rich_text"


async def test_a_schema_of_another_type_changes_the_column_s_type(world: NotionWorld, client: AsyncClient) -> None:
    database = world.add_database("D", {"Name": "title", "N": "number"})
    source = world.data_sources(database)[0]
    page = world.add_page(database, {"N": 3})
    before = (await client.data_sources.retrieve(source))["properties"]["N"]

    await client.data_sources.update(source, properties={"N": {"rich_text": {}}})
    error = await refusal(client.data_sources.update(source, properties={"Name": {"rich_text": {}}}))

    after = (await client.data_sources.retrieve(source))["properties"]["N"]
    assert (after["id"], after["type"]) == (before["id"], "rich_text")
    assert world.page_values(page)["N"] == ""
    assert error.status == 400
    assert world.violations == []


async def test_a_query_pages_sorts_and_leaves_the_trash_out(world: NotionWorld, client: AsyncClient) -> None:
    database = world.add_database("D", {"Name": "title", "N": "number"})
    source = world.data_sources(database)[0]
    pages = [world.add_page(database, {"Name": f"{n}", "N": n}) for n in (2, 1, 3, 4)]
    world.trash(pages[3])
    query = {"sorts": [{"property": "N", "direction": "descending"}], "page_size": 2, "filter_properties": ["title"]}

    first = await client.data_sources.query(source, **query)
    second = await client.data_sources.query(source, start_cursor=first["next_cursor"], **query)

    assert [page["id"] for page in first["results"] + second["results"]] == [pages[2], pages[0], pages[1]]
    assert [list(page["properties"]) for page in second["results"]] == [["Name"]]
    assert second["next_cursor"] is None
    assert world.violations == []


async def test_a_filter_on_an_unknown_property_or_of_another_type_is_refused(
    client: AsyncClient, source: dict[str, Any]
) -> None:
    identifier = source["data_source_id"]
    unknown = await refusal(client.data_sources.query(identifier, filter={"property": "X", "url": {"is_empty": True}}))
    other = await refusal(client.data_sources.query(identifier, filter={"property": "Name", "url": {"is_empty": True}}))

    assert str(unknown) == "Could not find property with name or id: X"
    assert str(other) == "database property title does not match filter url"


async def test_a_database_id_is_a_parent_only_while_it_has_one_data_source(
    world: NotionWorld, client: AsyncClient
) -> None:
    database = world.videos_database()
    await client.pages.create(parent={"database_id": database}, properties={})
    world.add_data_source(database, "Second", {"Name": "title"})
    error = await refusal(client.pages.create(parent={"database_id": database}, properties={}))

    assert len((await client.databases.retrieve(database))["data_sources"]) == 2
    assert error.status == 400


@pytest.mark.parametrize(
    "children",
    [
        pytest.param([{"paragraph": text("x")}] * 101, id="101 in an array"),
        pytest.param([{"quote": text("x") | {"children": [{"quote": text("x")}] * 100}}] * 10, id="1010 in all"),
        pytest.param([{"paragraph": {"rich_text": text("x" * 2000)["rich_text"] * 3}}] * 100, id="600 KB"),
    ],
)
async def test_blocks_beyond_the_limits_of_one_request_are_refused(
    client: AsyncClient, source: dict[str, Any], children: list[dict[str, Any]]
) -> None:
    page = (await client.pages.create(parent=source, properties={}))["id"]
    error = await refusal(client.blocks.children.append(page, children=children))

    assert (error.status, error.code) == (400, "validation_error")
    assert (await client.blocks.children.list(page))["results"] == []


@pytest.mark.parametrize(
    "block",
    [
        pytest.param({"paragraph": text("x" * 1999 + "😀")}, id="2001 UTF-16 units"),
        pytest.param({"toggle": {"rich_text": text("x")["rich_text"] * 101}}, id="101 texts"),
        pytest.param(nested("toggle", 4), id="nested three levels deep"),
        pytest.param({"heading_2": text("x") | {"children": [{"paragraph": text("x")}]}}, id="a heading that is none"),
        pytest.param({"code": text("x") | {"language": "c", "children": [{"paragraph": text("x")}]}}, id="in code"),
    ],
)
async def test_a_block_that_notion_would_not_take_is_refused_with_all_of_its_request(
    client: AsyncClient, source: dict[str, Any], block: dict[str, Any]
) -> None:
    page = (await client.pages.create(parent=source, properties={}))["id"]
    error = await refusal(client.blocks.children.append(page, children=[{"paragraph": text("kept out")}, block]))

    assert (error.status, error.code) == (400, "validation_error")
    assert (await client.blocks.children.list(page))["results"] == []


async def test_links_annotations_and_two_levels_come_back_as_they_were_sent(
    world: NotionWorld, client: AsyncClient, source: dict[str, Any]
) -> None:
    page = (await client.pages.create(parent=source, properties={}))["id"]
    link = {"type": "text", "text": {"content": "0:07", "link": {"url": "https://youtu.be/x?t=7"}}}
    rich = {"rich_text": [link | {"annotations": {"bold": True, "color": "gray"}}]}
    block = {
        "heading_3": rich
        | {"is_toggleable": True, "children": [{"toggle": rich | {"children": [{"paragraph": rich}]}}]}
    }

    [heading] = (await client.blocks.children.append(page, children=[block]))["results"]
    [toggle] = (await client.blocks.children.list(heading["id"]))["results"]
    [paragraph] = (await client.blocks.children.list(toggle["id"]))["results"]

    assert heading["has_children"] is toggle["has_children"] is True
    [shown] = paragraph["paragraph"]["rich_text"]
    assert (shown["plain_text"], shown["href"]) == ("0:07", "https://youtu.be/x?t=7")
    assert (shown["annotations"]["bold"], shown["annotations"]["color"]) == (True, "gray")
    assert world.violations == []


async def test_new_blocks_stand_where_the_request_wants_them(
    world: NotionWorld, client: AsyncClient, source: dict[str, Any]
) -> None:
    page = (await client.pages.create(parent=source, properties={}, children=[{"quote": text("2")}]))["id"]
    [second] = (await client.blocks.children.list(page))["results"]
    after = {"type": "after_block", "after_block": {"id": second["id"]}}

    await client.blocks.children.append(page, children=[{"quote": text("5")}], position={"type": "end"})
    await client.blocks.children.append(page, children=[{"quote": text("1")}], position={"type": "start"})
    await client.blocks.children.append(page, children=[{"quote": text("4")}], position=after)
    await client.blocks.children.append(page, children=[{"quote": text("3")}], after=second["id"])
    both = await refusal(client.blocks.children.append(page, children=[], position=after, after=second["id"]))

    assert [content["rich_text"][0]["plain_text"] for _, content in world.page_blocks(page)] == list("12345")
    assert both.status == 400
    assert world.violations == []


async def test_children_come_a_hundred_a_page_and_a_deleted_block_is_gone(
    world: NotionWorld, client: AsyncClient, source: dict[str, Any]
) -> None:
    page = (await client.pages.create(parent=source, properties={}))["id"]
    [toggle] = (await client.blocks.children.append(page, children=[{"toggle": text("all")}]))["results"]
    for start in (0, 100):
        numbers = [{"paragraph": text(str(number))} for number in range(start, start + 100)]
        await client.blocks.children.append(toggle["id"], children=numbers)

    first = await client.blocks.children.list(toggle["id"], page_size=100)
    await client.blocks.delete(first["results"][7]["id"])
    again = await refusal(client.blocks.delete(first["results"][7]["id"]))
    second = await client.blocks.children.list(toggle["id"], page_size=100, start_cursor=first["next_cursor"])

    assert (len(first["results"]), first["has_more"]) == (100, True)
    assert [block["paragraph"]["rich_text"][0]["plain_text"] for block in second["results"]][0::99] == ["100", "199"]
    assert second["next_cursor"] is None
    assert again.status == 400
    assert len((await client.blocks.children.list(toggle["id"]))["results"]) == 100
    assert world.violations == []


async def test_used_up_free_blocks_end_what_makes_blocks_and_nothing_else(
    world: NotionWorld, client: AsyncClient, source: dict[str, Any]
) -> None:
    page = (await client.pages.create(parent=source, properties={}, children=[{"quote": text("old")}]))["id"]
    [block] = (await client.blocks.children.list(page))["results"]
    world.plan.blocks_used_up = True

    errors = [
        await refusal(client.blocks.children.append(page, children=[{"quote": text("new")}])),
        await refusal(client.pages.create(parent=source, properties={})),
    ]
    await client.pages.update(page, properties={"Author": text("Ada")})
    await client.blocks.update(block["id"], quote=text("edited"))
    await client.blocks.delete(block["id"])

    assert {(error.status, error.code) for error in errors} == {(403, "restricted_resource")}
    assert [error.additional_data for error in errors] == [{"block_limit": "block_creation"}] * 2
    world.plan.is_free = False
    await client.blocks.children.append(page, children=[{"quote": text("new")}])
    assert [content["rich_text"][0]["plain_text"] for _, content in world.page_blocks(page)] == ["new"]


async def test_a_page_in_the_trash_is_not_edited_until_it_is_taken_out(
    world: NotionWorld, client: AsyncClient, source: dict[str, Any]
) -> None:
    page = (await client.pages.create(parent=source, properties={}))["id"]
    await client.pages.update(page, in_trash=True)
    error = await refusal(client.pages.update(page, properties={"Author": text("x")}))
    await client.pages.update(page, in_trash=False, properties={"Author": text("x")})

    assert str(error) == "Can't edit block that is archived. You must unarchive the block before editing."
    assert (await client.pages.retrieve(page))["in_trash"] is False
    assert world.violations == []


async def test_an_id_of_something_else_is_not_found(world: NotionWorld, client: AsyncClient) -> None:
    database = world.audit_database()
    error = await refusal(client.databases.retrieve(world.data_sources(database)[0]))

    assert (error.status, error.code) == (404, "object_not_found")


async def test_a_request_that_the_description_does_not_know_is_a_violation(
    world: NotionWorld, client: AsyncClient, source: dict[str, Any]
) -> None:
    page = (await client.pages.create(parent=source, properties={}))["id"]
    await client.pages.update(page, properties={"Author": text("x") | {"bold": True}})

    assert len(world.violations) == 1
