"""Rules of what a page says."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.notion_config import AUDIT_PROCESS, default_routes
from services.clients.notion import DataSource
from services.clients.notion_properties import FileLink, encode
from services.jobs.job import Job
from services.media import StoredFile, Transcript
from services.pipeline.page import Values, encoded, final_values, opening_values, publication_day, transcript_text
from services.words import readable, utf16_cut, utf16_units
from tests.builders import (
    ATTACHMENT,
    NOON,
    a_job,
    a_metadata,
    a_transcript,
    an_origin,
    finished_artifacts,
    some_media,
    stored_files,
)

AUDIT_TABLE = DataSource(
    "ds",
    dict.fromkeys(AUDIT_PROCESS.field_map.values(), "rich_text")
    | {"Name": "title", "Lenght min": "number", "Processing time": "number", "Date": "date"}
    | {"Video Date and time": "date", "URL": "url", "Attached URL": "url", "Message URL": "url"}
    | {"GoogleDriveFolderLink": "url", "Video FIle Link": "url", "Audio File Link": "url"}
    | {"Transcript File": "files", "Transcript SRT File": "files", "Transcript Process Status": "select"}
    | {"Channel": "select", "YouTube Channel": "select", "YoutubeListingStatus": "select"},
)


def final(job: Job, **metadata: object) -> Values:
    now = NOON + timedelta(seconds=30)
    return final_values(job, a_metadata(**metadata), a_transcript("Ask not."), stored_files(), now)


def test_an_opened_page_tells_who_posted_what_where_and_leaves_the_status_empty() -> None:
    values = opening_values(a_job())

    assert values["author"] == "Ada"
    assert values["message_id"] == "3"
    assert values["attached_url"] == "https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    assert "status" not in values


def test_an_attached_file_is_named_and_leads_to_its_message_because_its_own_address_expires() -> None:
    assert opening_values(a_job(ATTACHMENT))["attached_file"] == FileLink("stand-up.mp4", an_origin().message_url)
    assert opening_values(a_job())["attached_file"] is None


def test_a_finished_audit_page_says_everything_and_clears_an_old_error() -> None:
    result = encoded(final(a_job(started_at=NOON)), AUDIT_PROCESS.field_map, AUDIT_TABLE)

    assert result.left_out == ()
    assert result.properties["Name"]["title"][0]["text"]["content"] == "YouTube Video: Ask not"
    assert result.properties["Transcript Process Status"] == {"select": {"name": "Complete"}}
    assert result.properties["ProcessErrors"] == {"rich_text": []}
    assert result.properties["Lenght min"] == {"number": 1.5}
    assert result.properties["Processing time"] == {"number": 30.0}
    assert result.properties["YouTube Channel"] == {"select": {"name": "Library The"}}
    assert result.properties["Transcript File"]["files"][0]["external"]["url"] == "https://drive.google.com/text"


@pytest.mark.parametrize(
    ("channel", "name", "status"),
    [
        ("market-outlook", "1961-01-20 - Ask not", "complete"),
        ("education", "1961-01-20 - Ask not", "complete"),
        ("drive-uploads", "Ask not", "Success"),
    ],
)
def test_each_route_has_its_own_name_and_final_status(channel: str, name: str, status: str) -> None:
    routes = default_routes(discord_message_db="a", videos_db="b", drive_uploads_db="c", drive_folders={})
    route = routes.find(channel, None)
    assert route is not None

    values = final(a_job(route=route))

    assert (values["name"], values["status"], values["discord_channel"]) == (name, status, channel)


def test_a_column_that_the_database_lacks_or_has_with_another_type_is_left_out_and_named() -> None:
    table = DataSource("ds", {"Name": "title", "Lenght min": "url"})

    result = encoded({"name": "x", "length_min": 1.5, "video_id": "y"}, AUDIT_PROCESS.field_map, table)

    assert set(result.properties) == {"Name"}
    assert result.left_out == ("Lenght min", "Video ID")


def test_the_name_goes_into_the_title_column_whatever_that_is_called() -> None:
    elsewhere = DataSource("ds", {"Titel": "title"})
    owned_by_another = DataSource("ds", {"Author": "title"})

    assert "Titel" in encoded({"name": "x"}, AUDIT_PROCESS.field_map, elsewhere).properties
    assert encoded({"name": "x"}, AUDIT_PROCESS.field_map, owned_by_another).left_out == ("Name",)


def test_files_of_a_local_folder_are_no_links_for_notion() -> None:
    local = replace(stored_files(), text=StoredFile("t", "transcript.txt", "file:///srv/transcript.txt"))

    assert final_values(a_job(), a_metadata(), a_transcript(), local, NOON)["transcript_file"] is None


def test_the_uploader_of_an_attachment_is_no_youtube_channel() -> None:
    assert final(a_job(ATTACHMENT))["youtube_channel"] is None


def test_no_sound_and_no_speech_are_said_in_words(tmp_path: Path) -> None:
    silent = Transcript((), None, "tiny.en")
    media = some_media(tmp_path)
    artifacts = finished_artifacts(tmp_path)

    assert "No speech" in transcript_text(a_job(artifacts=artifacts), silent)
    without_sound = replace(artifacts, media=replace(media, audio=None))
    assert "no sound" in transcript_text(a_job(artifacts=without_sound), silent)


def test_the_publication_day_is_that_of_the_settings_time_zone_and_the_messages_where_none_is_known() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    late = datetime(2026, 1, 1, 20, tzinfo=timezone.utc)
    job = a_job(origin=an_origin(posted_at=late))

    assert publication_day(job, a_metadata(published_at=late), tokyo).isoformat() == "2026-01-02"
    assert publication_day(job, a_metadata(published_on=None), tokyo).isoformat() == "2026-01-02"
    assert publication_day(job, a_metadata(), tokyo).isoformat() == "1961-01-20"


@given(st.text(max_size=5000), st.integers(0, 3000))
def test_text_is_cut_in_notions_counting_and_never_within_a_character(text: str, units: int) -> None:
    cut = utf16_cut(text, units)

    assert text.startswith(cut)
    assert units - 1 <= utf16_units(cut) <= units or cut == text


@given(st.text(max_size=9000))
def test_long_text_is_spread_over_text_objects_with_nothing_lost_that_can_be_read(text: str) -> None:
    prop = encode(text, "rich_text")

    assert prop is not None
    pieces = [part["text"]["content"] for part in prop["rich_text"]]
    assert "".join(pieces) == readable(text)
    assert all(0 < utf16_units(piece) <= 2000 for piece in pieces)


@given(st.text())
def test_a_select_name_never_holds_a_comma(name: str) -> None:
    prop = encode(name, "select")

    assert prop is None or ("," not in prop["select"]["name"] and utf16_units(prop["select"]["name"]) <= 100)
