"""Rules of the settings: a missing or wrong one is named in one sentence, and no value is printed."""

from pathlib import Path

import pytest

from config.settings import Settings, SettingsError, load_drive_folders, load_settings

NEEDED = {"DISCORD_TOKEN": "discord-secret", "NOTION_TOKEN": "notion-secret", "DISCORD_MESSAGE_DB_ID": "a" * 32}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Nothing but the needed settings, and no .env file."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_setting_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.delenv(name)

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert str(error.value) == f"{name} is not set: put it into the environment or the file .env."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("WORKERS", "many"),
        ("WORKERS", "0"),
        ("DISCORD_GUILD_IDS", "acme"),
        ("TIMEZONE", "Mars/Olympus"),
        ("STORAGE", "floppy"),
        ("NOTION_API_URL", "api.notion.com"),
        ("ALLOW_ANY_SITE", "perhaps"),
        ("ALLOW_PRIVATE_HOSTS", "localhost"),
        ("PORT", "0"),
        ("DATABASE_URL", "mysql://u:secret@db/x"),
    ],
)
def test_a_wrong_setting_is_named_in_one_line_without_any_value(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert str(error.value).startswith(f"{name} is wrong: ")
    assert str(error.value).count("\n") == 0
    assert "secret" not in str(error.value)


def test_each_of_several_faults_has_its_line(environment: pytest.MonkeyPatch) -> None:
    environment.delenv("DISCORD_TOKEN")
    environment.setenv("WORKERS", "x")

    with pytest.raises(SettingsError) as error:
        load_settings()

    assert [line.split()[0] for line in str(error.value).splitlines()] == ["DISCORD_TOKEN", "WORKERS"]


def test_lists_are_separated_by_commas(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DISCORD_GUILD_IDS", "1, 2,")
    environment.setenv("ALLOW_PRIVATE_HOSTS", "127.0.0.1:8000,media.lan:80")

    settings = load_settings()

    assert settings.discord_guild_ids == (1, 2)
    assert settings.allow_private_hosts == ("127.0.0.1:8000", "media.lan:80")


@pytest.mark.parametrize(
    ("names", "uses_drive"),
    [
        ({}, False),
        ({"GOOGLE_TOKEN_FILE": "token.json"}, True),
        ({"GOOGLE_SERVICE_ACCOUNT_FILE": "account.json"}, True),
        ({"GOOGLE_TOKEN_FILE": "token.json", "STORAGE": "local"}, False),
        ({"STORAGE": "drive"}, True),
    ],
)
def test_storage_is_drive_where_google_credentials_are_set(
    environment: pytest.MonkeyPatch, names: dict[str, str], *, uses_drive: bool
) -> None:
    for name, value in names.items():
        environment.setenv(name, value)

    assert load_settings().uses_drive is uses_drive


def test_a_dotenv_file_is_read_and_the_environment_wins(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WORKERS=3\nLOG_LEVEL=DEBUG\nDRIVE_FOLDER_MARKET_OUTLOOK=folder-1\n")
    environment.setenv("LOG_LEVEL", "ERROR")

    settings = load_settings()

    assert (settings.workers, settings.log_level) == (3, "ERROR")
    assert load_drive_folders() == {"market-outlook": "folder-1"}


def test_printing_the_settings_prints_no_secret(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WEBHOOK_SECRET", "webhook-secret")
    environment.setenv("DATABASE_URL", "postgres://u:database-secret@db/x")

    assert "-secret" not in repr(load_settings())


@pytest.mark.parametrize("scheme", ["postgres", "postgresql"])
def test_the_address_of_a_postgres_is_taken_as_hosts_give_it(environment: pytest.MonkeyPatch, scheme: str) -> None:
    environment.setenv("DATABASE_URL", f"{scheme}://u:p@db:5432/x?sslmode=require")

    settings = load_settings()

    assert settings.postgres_url == "postgresql://u:p@db:5432/x?sslmode=require"
    assert settings.ledger_url == "postgresql+psycopg://u:p@db:5432/x?sslmode=require"
