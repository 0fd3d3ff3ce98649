"""Rules of the doctor's look at Notion: what is told of a database, and what is added to it."""

from dataclasses import replace
from typing import Any

import pytest

from config.notion_config import AUDIT_PROCESS, COLUMN_TYPES, DRIVE_UPLOADS, ChannelRoute, default_routes
from sandbox.notion.databases import DISCORD_MESSAGES, STATUSES
from sandbox.notion.databases import DRIVE_UPLOADS as UPLOADS
from sandbox.notion.world import NotionWorld
from sandbox.server import Fault
from services.clients.notion import NotionClient
from services.doctor.finding import Finding, Level, any_red
from services.doctor.notion import check_notion

STATUS, ERRORS = "Transcript Process Status", "ProcessErrors"
OFFERED = ("Progress", "Stage Timings", "Retry Count", "Queue Position", "ETA")
FORBIDDEN = {"object": "error", "status": 403, "code": "restricted_resource", "message": "No.", "request_id": "1"}


def a_database(notion_world: NotionWorld, **changes: Any) -> ChannelRoute:
    """Return a route to a new audit-process database; of `changes`, None takes a column away."""
    schema = {**DISCORD_MESSAGES, **changes}
    kept = {column: kind for column, kind in schema.items() if kind is not None}
    return replace(AUDIT_PROCESS, database=notion_world.add_database("Messages", kept))


def columns(notion_world: NotionWorld, route: ChannelRoute) -> dict[str, dict[str, Any]]:
    return {
        column.name: column.described for column in notion_world.workspace.database(route.database).sources[0].columns
    }


def writes(notion_world: NotionWorld) -> list[dict[str, Any]]:
    """Return what was asked of every request that is no question."""
    return [exchange.body for exchange in notion_world.exchanges if exchange.method != "GET"]


def red(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.level is Level.RED]


def warnings(findings: list[Finding]) -> list[str]:
    return [finding.text for finding in findings if finding.level is Level.WARNING]


def select(*names: str) -> dict[str, Any]:
    return {"select": {"options": [{"name": name} for name in names]}}


def test_the_type_of_every_key_s_column_is_known() -> None:
    routes = default_routes(discord_message_db="a", videos_db="b", drive_uploads_db="c", drive_folders={})

    assert {key for route in routes.routes for key in route.field_map} == COLUMN_TYPES.keys()


async def test_a_right_database_has_no_red_line_and_is_offered_more(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    findings = await check_notion(notion, [a_database(notion_world)], fix=False)

    assert red(findings) == warnings(findings) == []
    [offer] = [finding for finding in findings if finding.remedy]
    assert all(f'"{column}"' in offer.text for column in OFFERED)
    assert writes(notion_world) == []


@pytest.mark.parametrize("column", [STATUS, ERRORS])
async def test_without_the_columns_for_status_and_errors_a_line_is_red(
    notion_world: NotionWorld, notion: NotionClient, column: str
) -> None:
    [text] = red(await check_notion(notion, [a_database(notion_world, **{column: None})], fix=False))

    assert f'"{column}"' in text


async def test_a_column_that_people_may_lack_is_a_warning(notion_world: NotionWorld, notion: NotionClient) -> None:
    findings = await check_notion(notion, [a_database(notion_world, **{"Lenght min": None})], fix=False)

    assert not any_red(findings)
    assert warnings(findings) == ['The column "Lenght min" (Number) is missing: what belongs there is left out.']


@pytest.mark.parametrize(("column", "kind"), [(STATUS, "rich_text"), (ERRORS, "select"), ("Video ID", "checkbox")])
async def test_a_column_of_a_wrong_type_is_red_and_never_touched(
    notion_world: NotionWorld, notion: NotionClient, column: str, kind: str
) -> None:
    route = a_database(notion_world, **{column: kind})
    before = columns(notion_world, route)[column]

    findings = await check_notion(notion, [route], fix=True)

    assert any(f'"{column}" is of the type' in text for text in red(findings))
    assert columns(notion_world, route)[column] == before
    assert not any(column in body["properties"] for body in writes(notion_world))


async def test_a_column_of_ones_own_that_has_an_offered_one_s_name_is_a_warning(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    findings = await check_notion(notion, [a_database(notion_world, ETA="checkbox")], fix=False)

    assert not any_red(findings)
    assert warnings(findings) == ['The column "ETA" is of the type Checkbox, and must be Date.']


async def test_a_column_of_another_type_that_holds_the_same_is_fine(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    route = a_database(notion_world, Author="select", URL="rich_text")

    assert red(await check_notion(notion, [route], fix=False)) == []


async def test_the_title_is_found_by_its_type(notion_world: NotionWorld, notion: NotionClient) -> None:
    renamed = a_database(notion_world, Name=None, Vidéo="title")
    owned = a_database(notion_world, Name=None, Content="title")

    findings = await check_notion(notion, [renamed, owned], fix=True)

    assert red(findings) == warnings(findings) == []
    assert "Name" not in columns(notion_world, renamed).keys() | columns(notion_world, owned).keys()


async def test_a_missing_option_is_red_and_fix_keeps_those_that_are_there(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    route = a_database(notion_world, **{STATUS: select("Processing", "Paused", "Complete")})
    before = columns(notion_world, route)[STATUS]["select"]["options"]

    assert red(await check_notion(notion, [route], fix=False)) == [
        f'"{STATUS}" has no option "{value}".' for value in STATUSES if value not in ("Processing", "Complete")
    ]
    assert not any_red(await check_notion(notion, [route], fix=True))

    after = columns(notion_world, route)[STATUS]["select"]["options"]
    assert after[:3] == before
    assert {option["name"] for option in after[3:]} == set(STATUSES) - {"Processing", "Complete"}


async def test_fix_creates_all_that_is_missing_in_one_request(notion_world: NotionWorld, notion: NotionClient) -> None:
    route = a_database(notion_world, **{STATUS: None, ERRORS: None, "Video ID": None})
    before = columns(notion_world, route)

    findings = await check_notion(notion, [route], fix=True)

    after = columns(notion_world, route)
    assert red(findings) == warnings(findings) == []
    assert len(writes(notion_world)) == 1
    assert after.keys() - before.keys() == {STATUS, ERRORS, "Video ID", *OFFERED}
    assert {name: after[name] for name in before} == before
    assert [option["name"] for option in after[STATUS]["select"]["options"]] == list(STATUSES)
    assert after["Progress"]["number"] == {"format": "percent"}


async def test_what_is_whole_is_not_written_to(notion_world: NotionWorld, notion: NotionClient) -> None:
    route = a_database(notion_world)
    await check_notion(notion, [route], fix=True)

    await check_notion(notion, [route], fix=True)

    assert len(writes(notion_world)) == 1


async def test_a_running_bot_knows_at_once_what_was_created(notion_world: NotionWorld, notion: NotionClient) -> None:
    route = a_database(notion_world)
    assert "Progress" not in (await notion.data_source(route.database)).columns

    await check_notion(notion, [route], fix=True)

    assert "Progress" in (await notion.data_source(route.database)).columns


async def test_a_column_of_the_type_status_gets_no_options(notion_world: NotionWorld, notion: NotionClient) -> None:
    audit = a_database(notion_world, **{STATUS: "status"})
    uploads = replace(DRIVE_UPLOADS, database=notion_world.add_database("Uploads", {**UPLOADS, STATUS: "status"}))

    findings = await check_notion(notion, [audit, uploads], fix=True)

    told = [finding for finding in findings if finding.level is Level.RED]
    assert [finding.subject for finding in told] == ["Notion, audit-process", "Notion, drive-uploads"]
    assert all("no options through Notion's API" in finding.remedy for finding in told)
    assert '"Success"' in told[1].text


async def test_routes_to_one_database_are_told_of_once(notion_world: NotionWorld, notion: NotionClient) -> None:
    videos = notion_world.videos_database()
    routes = default_routes(
        discord_message_db=notion_world.audit_database(), videos_db=videos, drive_uploads_db=None, drive_folders={}
    )

    findings = await check_notion(notion, routes.routes, fix=False)

    assert [finding.subject for finding in findings if "education" in finding.subject] == [
        "Notion, market-outlook, market-analysis-streams, education, mhc-recordings"
    ]


async def test_a_token_that_notion_does_not_accept_is_told_once(notion_world: NotionWorld) -> None:
    stranger = NotionClient("wrong", notion_world.url)

    [finding] = await check_notion(stranger, [a_database(notion_world), a_database(notion_world)], fix=True)
    await stranger.aclose()

    assert finding.level is Level.RED
    assert "NOTION_TOKEN" in finding.remedy


async def test_a_database_out_of_sight_is_red_and_the_others_are_looked_at(
    notion_world: NotionWorld, notion: NotionClient
) -> None:
    hidden = replace(DRIVE_UPLOADS, database="0" * 32)

    findings = await check_notion(notion, [hidden, a_database(notion_world)], fix=True)

    assert len(red(findings)) == 1
    assert any("connection" in finding.remedy for finding in findings if finding.level is Level.RED)
    assert findings[-1].subject == "Notion, audit-process"


@pytest.mark.parametrize("status", [403, 503])
async def test_a_fix_that_notion_refuses_is_a_red_line(
    notion_world: NotionWorld, notion: NotionClient, status: int
) -> None:
    notion_world.faults.append(Fault("PATCH", "/v1/data_sources/", status, body={**FORBIDDEN, "status": status}))

    findings = await check_notion(notion, [a_database(notion_world, **{ERRORS: None})], fix=True)

    assert len(red(findings)) == 2
    assert f'The column "{ERRORS}" (Text) is missing.' in red(findings)
