"""Rules of writing .env."""

import os
from pathlib import Path

import pytest
from dotenv import dotenv_values

from config.env_file import EnvFile
from config.settings import SettingsError


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> EnvFile:
    """A file that is not there yet; nothing is in the environment."""
    for name in ("NOTION_TOKEN", "STORAGE", "VIDEOS_DB_ID"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "template").write_text("# What each means.\nNOTION_TOKEN=\n#STORAGE=local\n")
    return EnvFile(tmp_path / ".env", tmp_path / "template")


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_until_it_is_finished_answers_lie_in_a_private_draft_alone(env: EnvFile) -> None:
    env.keep("NOTION_TOKEN", "secret")

    assert not env.path.exists()
    assert mode_of(env.draft) == 0o600
    assert EnvFile(env.path, env.path).find("NOTION_TOKEN") == "secret"


def test_a_new_file_begins_with_the_template_and_is_private(env: EnvFile) -> None:
    env.keep("NOTION_TOKEN", "secret")
    env.finish()

    assert env.path.read_text() == "# What each means.\nNOTION_TOKEN=secret\n#STORAGE=local\n"
    assert mode_of(env.path) == 0o600
    assert sorted(path.name for path in env.path.parent.iterdir()) == [".env", "template"]


def test_the_rest_of_a_file_stays_and_an_empty_answer_leaves_its_setting_out(env: EnvFile) -> None:
    env.path.write_text("# mine\nVIDEOS_DB_ID=old\nWORKERS=3")
    env.keep("VIDEOS_DB_ID", "")
    env.keep("STORAGE", "local")

    assert env.find("VIDEOS_DB_ID") == ""
    env.finish()

    assert env.path.read_text() == "# mine\nWORKERS=3\nSTORAGE=local\n"


@pytest.mark.parametrize("value", ["a b", "it's", 'quote"', "#1", "back\\slash", "https://x.org/a?b=c&d", "ü"])
def test_every_value_is_read_as_it_was_typed(env: EnvFile, value: str) -> None:
    env.keep("STORAGE", value)
    env.finish()

    assert dotenv_values(env.path)["STORAGE"] == value


def test_tokens_and_addresses_stand_bare_since_docker_takes_quotes_for_a_part_of_them(env: EnvFile) -> None:
    for value in ("MTA.Gx-y_z.abc", "ntn_123", "https://www.notion.so/x/Videos-0123?v=1&p=2", "/srv/my/token.json"):
        env.keep("STORAGE", value)
        env.finish()

        assert f"STORAGE={value}\n" in env.path.read_text()


def test_an_answer_that_the_environment_overrules_is_named(env: EnvFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE", "drive")
    monkeypatch.setenv("NOTION_TOKEN", "same")

    assert env.find("STORAGE") == "drive"
    env.keep("STORAGE", "local")
    env.keep("NOTION_TOKEN", "same")

    assert env.finish() == ["STORAGE"]


def test_a_folder_that_cannot_be_written_is_one_sentence() -> None:
    env = EnvFile(Path("/proc/.env"), Path(os.devnull))

    with pytest.raises(SettingsError, match=r"^/proc/\.env\.setup cannot be written: .*\.$"):
        env.keep("STORAGE", "local")
