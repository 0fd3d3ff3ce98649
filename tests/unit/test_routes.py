"""Rules of finding a channel's route."""

from dataclasses import replace

import pytest

from config.notion_config import AUDIT_PROCESS, Routes, default_routes

ROUTES = default_routes(
    discord_message_db="audit", videos_db="videos", drive_uploads_db="uploads", drive_folders={"education": "folder-1"}
)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("audit-process", "audit-process"),
        ("🎙・market-outlook", "market-outlook"),
        ("📚│Education", "education"),
        ("market-analysis-streams📈", "market-analysis-streams"),
    ],
)
def test_a_channel_is_found_without_its_emoji(name: str, channel: str) -> None:
    route = ROUTES.find(name, 1)

    assert route is not None
    assert route.channel == channel


@pytest.mark.parametrize("name", ["general", "audit-process-archive", "not-education", "🎙"])
def test_another_channel_has_no_route(name: str) -> None:
    assert ROUTES.find(name, 1) is None


def test_a_channel_with_an_id_may_be_called_anything() -> None:
    route = replace(AUDIT_PROCESS, channel="podcasts", channel_id=7)
    routes = Routes((*ROUTES.routes, route))

    assert routes.find("🎧・listen", 7) == route
    assert routes.find("education", 7) == route


def test_another_channel_with_the_name_of_one_that_has_an_id_is_another() -> None:
    routes = Routes((replace(AUDIT_PROCESS, channel_id=7),))

    assert routes.find("audit-process", 8) is None
    assert routes.find("audit-process", None) is None


def test_a_configured_name_may_carry_emoji_too() -> None:
    routes = Routes((replace(AUDIT_PROCESS, channel="🎧・podcasts"),))

    assert routes.find("podcasts", 1) == routes.routes[0]


def test_only_the_audit_channel_has_status_hooks() -> None:
    assert [route.channel for route in ROUTES.routes if route.has_status_hooks] == ["audit-process"]


def test_a_channel_without_a_database_is_not_watched() -> None:
    routes = default_routes(discord_message_db="audit", videos_db=None, drive_uploads_db=None, drive_folders={})

    assert [route.channel for route in routes.routes] == ["audit-process"]


def test_a_drive_folder_of_the_settings_belongs_to_its_channel() -> None:
    assert {route.channel: route.drive_folder for route in ROUTES.routes if route.drive_folder} == {
        "education": "folder-1"
    }
