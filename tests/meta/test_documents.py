"""What README.md, .env.example and the others promise is there, by the names and with the defaults that they tell."""

import re
from pathlib import Path

import pytest

import bot
from config.channels_file import parse
from config.notion_config import AUDIT_PROCESS, default_routes
from config.settings import Settings
from sandbox.__main__ import OwnSettings

PROJECT = Path(bot.__file__).parents[1]
README, ENV_EXAMPLE, CHANGELOG = (
    (PROJECT / name).read_text() for name in ("README.md", ".env.example", "CHANGELOG.md")
)
NAMES = {name.upper() for name in Settings.model_fields}
PER_CHANNEL = "DRIVE_FOLDER_AUDIT_PROCESS"
OTHERS = {"NO_PROXY", "GOOGLE_TOKEN", PER_CHANNEL}
EXAMPLES = {
    *("DISCORD_GUILD_IDS", "CHANNELS_FILE", "STORAGE", "GOOGLE_TOKEN_FILE", "GOOGLE_DELEGATED_USER"),
    *("DATABASE_URL", "PORT"),
}
"""Settings without a default, for which .env.example shows what they may look like."""
SHOWN = dict(re.findall(r"^#?([A-Z][A-Z_]*)=(.*)$", ENV_EXAMPLE, re.MULTILINE))


def test_the_env_example_has_every_setting_and_no_other() -> None:
    assert SHOWN.keys() == NAMES | {PER_CHANNEL}


def test_the_env_example_shows_the_defaults() -> None:
    shown = {name.lower(): value for name, value in SHOWN.items() if value and name not in EXAMPLES}
    defaults = {name: Settings.model_fields[name].default for name in shown}
    needed = {name: "" for name, field in Settings.model_fields.items() if field.is_required()}

    read = OwnSettings.model_validate(needed | shown)

    assert {name: getattr(read, name) for name in shown} == defaults


def test_what_the_env_example_leaves_empty_has_no_default() -> None:
    empty = [Settings.model_fields[name.lower()] for name, value in SHOWN.items() if not value and name != PER_CHANNEL]

    assert all(field.is_required() or field.default in (None, ()) for field in empty)


@pytest.mark.parametrize("document", [README, CHANGELOG], ids=["README.md", "CHANGELOG.md"])
def test_documents_name_only_settings_that_exist(document: str) -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", document))

    assert named <= NAMES | OTHERS


def test_every_file_that_the_readme_shows_or_links_is_there() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]

    assert [target for target in targets if not (PROJECT / target).is_file()] == []
    pictures = {str(path.relative_to(PROJECT)) for path in (PROJECT / "docs").rglob("*.png")}
    assert pictures <= set(targets)


def test_every_make_target_that_the_readme_names_is_there() -> None:
    targets = set(re.findall(r"^([\w-]+):", (PROJECT / "Makefile").read_text(), re.MULTILINE))

    assert set(re.findall(r"(?:`|^)make ([\w-]+)", README, re.MULTILINE)) <= targets


def test_the_readme_names_every_column_of_the_message_database() -> None:
    columns = set(AUDIT_PROCESS.field_map.values()) - {"Name"}  # every database has that

    assert {column for column in columns if f"`{column}`" not in README} == set()


def test_the_readmes_channels_file_is_right() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    defaults = default_routes(discord_message_db="a" * 32, videos_db="b" * 32, drive_uploads_db=None, drive_folders={})

    watched = {route.channel: route for route in parse(text, defaults, {}).routes}

    assert watched["podcasts"].field_map["youtube_channel"] == "Uploader"
    assert watched["market-outlook"].final_status == "Done"
    assert "mhc-recordings" not in watched
