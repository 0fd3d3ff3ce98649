"""Rules of finding a channel's route."""

import pytest

from config.notion_config import default_routes

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
    route = ROUTES.find(name)

    assert route is not None
    assert route.channel == channel


@pytest.mark.parametrize("name", ["general", "audit-process-archive", "not-education", "🎙"])
def test_another_channel_has_no_route(name: str) -> None:
    assert ROUTES.find(name) is None


def test_only_the_audit_channel_has_status_hooks() -> None:
    assert [route.channel for route in ROUTES.routes if route.has_status_hooks] == ["audit-process"]


def test_a_channel_without_a_database_is_not_watched() -> None:
    routes = default_routes(discord_message_db="audit", videos_db=None, drive_uploads_db=None, drive_folders={})

    assert [route.channel for route in routes.routes] == ["audit-process"]


def test_a_drive_folder_of_the_settings_belongs_to_its_channel() -> None:
    assert {route.channel: route.drive_folder for route in ROUTES.routes if route.drive_folder} == {
        "education": "folder-1"
    }
