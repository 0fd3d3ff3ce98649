"""Rules of a CHANNELS_FILE: what it adds and changes, and the sentence that each fault gets."""

import tomllib
from pathlib import Path

import pytest
from faster_whisper.tokenizer import _LANGUAGE_CODES
from hypothesis import given
from hypothesis import strategies as st

from config.channel_table import FIELDS, LANGUAGES
from config.channels_file import load, parse
from config.notion_config import COLUMN_TYPES, ChannelRoute, Routes, default_routes
from config.settings import SettingsError

DEFAULTS = default_routes(
    discord_message_db="audit", videos_db="videos", drive_uploads_db=None, drive_folders={"education": "folder-1"}
)
EXAMPLE = Path("channels.example.toml")
MUST_BE_LIKE = (
    "must be one of audit-process, market-outlook, market-analysis-streams, education, mhc-recordings, drive-uploads, "
    "in quotes."
)
NO_COLUMN = 'no column is written, take over those of a default channel with "like"'


def read(text: str, **drive_folders: str) -> dict[str, ChannelRoute]:
    return {route.channel: route for route in parse(text, DEFAULTS, {"education": "folder-1", **drive_folders}).routes}


def faults(text: str) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(text, DEFAULTS, {})
    return str(error.value).splitlines()


@pytest.mark.parametrize("text", ["", "# nothing", "[channels]", "[channels.education]"])
def test_what_is_not_named_stays_as_it_is(text: str) -> None:
    assert parse(text, DEFAULTS, {"education": "folder-1"}) == DEFAULTS


def test_a_default_channel_is_changed_in_what_is_named_alone() -> None:
    routes = read(
        """
        [channels."🎙・Education"]
        final_status = "Done"
        language = "de"
        columns = { youtube_channel = "Uploader", live_video_url = "" }
        """
    )

    before = next(route for route in DEFAULTS.routes if route.channel == "education")
    changed = routes["education"]
    assert (changed.final_status, changed.language) == ("Done", "de")
    assert changed.field_map["youtube_channel"] == "Uploader"
    assert before.field_map.keys() - changed.field_map.keys() == {"live_video_url"}
    assert (changed.database, changed.drive_folder, changed.title_format) == ("videos", "folder-1", before.title_format)
    assert [*routes] == [route.channel for route in DEFAULTS.routes]


def test_a_channel_is_added_after_a_default_one_with_its_own_name_and_folder() -> None:
    text = '[channels.podcasts]\nlike = "education"\nid = 7\ncards = false'

    added = read(text, podcasts="folder-2")["podcasts"]

    assert (added.channel_id, added.cards, added.database, added.drive_folder) == (7, False, "videos", "folder-2")
    assert added.field_map == next(route for route in DEFAULTS.routes if route.channel == "education").field_map


def test_the_file_goes_before_the_settings_folder() -> None:
    assert read('[channels.education]\ndrive_folder = "folder-3"')["education"].drive_folder == "folder-3"


def test_a_default_channel_without_a_database_gets_one_or_is_an_example_for_others() -> None:
    routes = read(
        """
        [channels.drive-uploads]
        database = "uploads"
        [channels.more-uploads]
        like = "drive-uploads"
        database = "more"
        """
    )

    assert (routes["drive-uploads"].database, routes["more-uploads"].database) == ("uploads", "more")
    assert routes["more-uploads"].final_status == "Success"


def test_a_channel_that_is_like_no_other_writes_its_own_columns() -> None:
    route = read('[channels.archive]\ndatabase = "d"\ncolumns = { name = "What" }')["archive"]

    assert (route.field_map, route.action_type, route.title_format) == ({"name": "What"}, "create_new_page", "{title}")


def test_a_channel_can_be_taken_away() -> None:
    assert "education" not in read("[channels.education]\nenabled = false")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('langauge = "de"', '"langauge" is unknown, did you mean "language"?'),
        ("x = 1", '"x" is unknown, channels.example.toml shows all that there are.'),
        ('"a\\nb" = 1', '"a\\nb" is unknown, channels.example.toml shows all that there are.'),
        ('like = "podcast"', f'"like" {MUST_BE_LIKE}'),
        ('cards = "no"', '"cards" must be true or false, without quotes.'),
        ("enabled = 0", '"enabled" must be true or false, without quotes.'),
        ('id = "7"', '"id" must be a number without quotes, as Copy Channel ID in Discord gives it.'),
        ("id = true", '"id" must be a number without quotes, as Copy Channel ID in Discord gives it.'),
        ("id = 0", '"id" must be a number without quotes, as Copy Channel ID in Discord gives it.'),
        ("database = 5", "\"database\" must be a database's id or its page's address, in quotes."),
        ('database = ""', "\"database\" must be a database's id or its page's address, in quotes."),
        ("drive_folder = []", '"drive_folder" must be the id of a folder in Drive, in quotes.'),
        ('final_status = ""', '"final_status" must be the name of an option, in quotes.'),
        ('action_type = "update"', '"action_type" must be "update_origin" or "create_new_page".'),
        *(
            (
                f'title_format = "{wrong}"',
                '"title_format" must be a text in quotes whose only placeholders are {title} and {date}.',
            )
            for wrong in ("{titel}", "{}", "{0}", "{title", "}", "{title!r}", "{date:%Y}", "{title.x}", "")
        ),
        *(
            (
                f'language = "{wrong}"',
                '"language" must be the ISO 639-1 code of a language that Whisper knows, such as "de".',
            )
            for wrong in ("deutsch", "xx", "DE", "")
        ),
        ("columns = 3", '"columns" must be a table of columns\' names.'),
        ('columns.transcript = "T"', '"transcript" is unknown, did you mean "transcript_text"?'),
        ("columns.name = 3", '"name" must be a column\'s name in quotes, or "" to leave it out.'),
    ],
)
def test_what_a_channels_table_may_not_say_is_told_with_its_line(text: str, sentence: str) -> None:
    assert faults(f"[channels.education]\n\n{text}") == [
        f"CHANNELS_FILE is wrong in line 3, [channels.education]: {sentence}"
    ]


@pytest.mark.parametrize(
    ("text", "line", "sentence"),
    [
        ("[channel.x]", 1, ': "channel" is unknown, did you mean "channels"?'),
        ("channels = 1", 1, ": this must be a table, such as [channels.podcasts]."),
        ("\n[[channels.x]]", 2, ", [channels.x]: this must be a table, such as [channels.podcasts]."),
        (
            '\n[channels.podcasts]\ndatabase = "d"',
            2,
            f", [channels.podcasts]: {NO_COLUMN}.",
        ),
        (
            "[channels.eductaion]\nenabled = false",
            1,
            f", [channels.eductaion]: {NO_COLUMN} (or is education meant?).",
        ),
        (
            '\n[channels.x]\nlike = "drive-uploads"',
            2,
            ', [channels.x]: it has no database, add "database" with its page\'s address.',
        ),
        (
            '[channels.audit-process]\ncards = false\n[channels.audit-process.columns]\nstatus = ""',
            4,
            ', [channels.audit-process]: a column for "status" is needed with the action_type "update_origin".',
        ),
        (
            '[channels.podcasts]\nlike = "education"\n\n["channels"."🎧・Podcasts"]\nlike = "education"',
            4,
            ', [channels."🎧・Podcasts"]: this is the channel of [channels.podcasts] again, keep one of them.',
        ),
        (
            "[channels.education]\nid = 7\n[channels.market-outlook]\n\nid = 7",
            5,
            ', [channels.market-outlook]: "id" is that of [channels.education] too, give each channel its own.',
        ),
        (
            '[channels."🎧"]\nlike = "education"',
            1,
            ', [channels."🎧"]: the name has no letter or digit, add the channel\'s "id".',
        ),
        ("[channels.education]\nlanguage = de", 2, ": this is no TOML: invalid value."),
        ("[channels.x]\n[channels.x]", 2, ": this is no TOML: cannot declare ('channels', 'x') twice."),
        ("x = [\n1\n", 2, ": this is no TOML: unclosed array."),
    ],
)
def test_what_is_wrong_with_the_whole_is_told_with_its_line(text: str, line: int, sentence: str) -> None:
    assert faults(text) == [f"CHANNELS_FILE is wrong in line {line}{sentence}"]


def test_lines_are_counted_as_people_see_them() -> None:
    text = (
        '[channels.education]\r\ntitle_format = """\n\ncards = 1\n{title}"""\n\tcards=  1\r\n# x = 1\n"language" = 2\n'
    )

    assert [fault.split(",")[0][-6:] for fault in faults(text)] == ["line 6", "line 8"]


def test_each_of_several_faults_has_its_line() -> None:
    text = "[channels.podcasts]\nid = -1\ncards = 1\n[channels.education]\nlike = 2"

    assert [fault.split(",")[0][-1] for fault in faults(text)] == ["2", "3", "5"]


def test_a_file_that_leaves_no_channel_is_a_fault() -> None:
    only_audit = default_routes(discord_message_db="audit", videos_db=None, drive_uploads_db=None, drive_folders={})

    with pytest.raises(SettingsError, match="no channel is left"):
        parse("[channels.audit-process]\nenabled = false", only_audit, {})


def test_a_file_that_cannot_be_read_is_a_fault(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes('[channels."für"]'.encode("latin-1"))

    for path, reason in {tmp_path / "x": "No such file", tmp_path: "Is a directory", latin: "save it as UTF-8"}.items():
        with pytest.raises(SettingsError, match=f"CHANNELS_FILE cannot be read: {reason}"):
            load(path, DEFAULTS, {})


def test_a_file_of_windows_notepad_is_read(tmp_path: Path) -> None:
    path = tmp_path / "channels.toml"
    path.write_bytes(b"\xef\xbb\xbf[channels.education]\r\nlanguage = 'de'\r\n")

    assert load(path, DEFAULTS, {}).find("education", None) is not None


def test_the_example_shows_all_that_there_is_and_is_right() -> None:
    tables = tomllib.loads(EXAMPLE.read_text())["channels"]

    assert {key for table in tables.values() for key in table} == FIELDS.keys()
    assert tables["archive"]["columns"].keys() == COLUMN_TYPES.keys()
    assert isinstance(load(EXAMPLE, DEFAULTS, {}), Routes)


def test_the_languages_are_those_that_whisper_takes() -> None:
    assert set(_LANGUAGE_CODES) == LANGUAGES


TOKENS = ["[", "]", "[[", "{", "}", ".", "=", ",", "\n", "#", "true", "7", "-1", "nan", "9" * 5000, '"""', "'''", "\\"]
STATEMENTS = ["[channels.education]\n", "[channels.podcasts]\n", "[channels.x.columns]\n", "id = 7\n", "like = "]
WORDS = [*FIELDS, *COLUMN_TYPES, "channels", "x", '"🎧"', '""', '"de"', '"education"', *TOKENS, *STATEMENTS]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=25).map("".join))
def test_no_text_makes_anything_but_routes_or_sentences(text: str) -> None:
    told = ""
    try:
        parse(text, DEFAULTS, {})
    except SettingsError as error:
        told = str(error)

    assert all(line.startswith("CHANNELS_FILE is wrong in line ") for line in told.split("\n") if told)


@pytest.mark.parametrize("text", ["x = " + "[" * 9999, "x." * 9999 + "y = 1", f"[{'x.' * 9999}y]"])
def test_nesting_without_end_is_a_fault_like_others(text: str) -> None:
    assert len(faults(text)) == 1
