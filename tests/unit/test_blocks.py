"""Rules of what stands below a page's properties."""

from dataclasses import replace
from datetime import timedelta, timezone
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.clients.notion_blocks import Toggle
from services.jobs.job import Artifacts, Job, Stage
from services.jobs.source import SourceKind, VideoSource
from services.media import Segment, Transcript
from services.pipeline.blocks import audit_record, link_to, passages_of, transcript_toggle
from services.words import readable, utf16_units
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, a_metadata, a_transcript, stored_files

TWO_HOURS = Transcript(
    tuple(Segment(n * 2.5, n * 2.5 + 2.5, f"and then he said number {n} of them,") for n in range(2880)), "en", "base"
)


def done(source: VideoSource = YOUTUBE, **changes: Any) -> Job:
    return a_job(source, artifacts=Artifacts(a_metadata(), None, a_transcript(), stored_files(), **changes))


def words(toggle: Toggle) -> str:
    return "".join(text["text"]["content"] for paragraph in toggle.paragraphs for text in paragraph)


def links(toggle: Toggle) -> list[tuple[str, str]]:
    texts = (text["text"] for paragraph in toggle.paragraphs for text in paragraph)
    return [(text["content"], text["link"]["url"]) for text in texts if "link" in text]


def test_two_hours_of_speech_take_at_most_forty_blocks_with_toggle_and_record() -> None:
    transcript, record = transcript_toggle(done(), TWO_HOURS), audit_record(done(), timezone.utc)

    assert 2 + len(transcript.paragraphs) + len(record.paragraphs) <= 40
    assert [word for word in words(transcript).split() if ":" not in word] == TWO_HOURS.text.split()


def test_every_timestamp_leads_to_its_own_second() -> None:
    stamps = links(transcript_toggle(done(), TWO_HOURS))

    assert len(stamps) > 400
    for shown, url in stamps:
        hours, minutes, seconds = map(int, f"0:{shown}".split(":")[-3:])
        assert url == f"{YOUTUBE.url}&t={hours * 3600 + minutes * 60 + seconds}s"


@pytest.mark.parametrize(
    ("job", "address"),
    [
        (done(), "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=75s"),
        (done(ATTACHMENT), "https://drive.google.com/video?t=75s"),
        (
            done(VideoSource(SourceKind.WEB, "https://a.example/v", "https://a.example/v")),
            "https://drive.google.com/video?t=75s",
        ),
        (a_job(ATTACHMENT), None),
    ],
)
def test_a_second_is_at_youtube_or_else_in_drive(job: Job, address: str | None) -> None:
    assert link_to(job, 75.9) == address


def test_the_record_tells_who_posted_what_how_it_went_and_what_came_of_it() -> None:
    job = done(remarks=("The stream could not be read.",))
    job = job.entering(Stage.DOWNLOADING, NOON).postponed("The site is busy.", NOON + timedelta(seconds=3), NOON)
    job = job.entering(Stage.DOWNLOADING, NOON).ending(Stage.DOWNLOADING, NOON + timedelta(seconds=5))
    stored = replace(stored_files(), text=replace(stored_files().text, sha256="5ea"))
    job = replace(job, artifacts=replace(job.artifacts, stored=stored))

    record = words(audit_record(job, timezone.utc))

    assert record.splitlines() == [
        "Posted by Ada in #audit-process, 2026-11-23 12:00:00 UTC",
        "Source: youtube:dQw4w9WgXcQ",
        "Downloading: 2026-11-23 12:00:00 - 12:00:03 (3.0 s): The site is busy.",
        "Downloading: 2026-11-23 12:00:00 - 12:00:05 (5.0 s)",
        "Speech: model tiny.en, language en",
        "Folder: folder",
        "video.mp4: video, sha256 unknown",
        "audio.m4a: audio, sha256 unknown",
        "transcript.txt: text, sha256 5ea",
        "transcript.srt: srt, sha256 unknown",
        "The stream could not be read.",
    ]


def test_the_record_of_an_error_says_it_and_that_of_another_go_has_another_key() -> None:
    failed = a_job().entering(Stage.DOWNLOADING, NOON).failed("The video is private.", NOON)
    again = failed.retried(NOON + timedelta(hours=1))

    assert words(audit_record(failed, timezone.utc)).splitlines()[-1] == "Failed: The video is private."
    assert audit_record(failed, None).key != audit_record(again, None).key


@given(
    st.lists(st.tuples(st.floats(0, 60), st.text(st.characters(codec=None), max_size=5000)), max_size=60),
    st.sampled_from([YOUTUBE, ATTACHMENT]),
)
def test_whatever_is_said_fits_into_notions_limits_and_nothing_is_lost(
    said: list[tuple[float, str]], source: VideoSource
) -> None:
    start, segments = 0.0, []
    for gap, text in said:
        segments.append(Segment(start, start + gap, text))
        start += gap

    toggle = transcript_toggle(done(source), Transcript(tuple(segments), "en", "base"))

    assert all(0 < len(paragraph) <= 100 for paragraph in toggle.paragraphs)
    texts = [text["text"]["content"] for paragraph in toggle.paragraphs for text in paragraph]
    assert all(0 < utf16_units(text) <= 2000 for text in texts)
    "".join(texts).encode()  # no half characters
    passages = list(passages_of(segments))
    kept = [" ".join(passage.text.split()) for passage in passages]
    shown = words(toggle)
    for passage in kept:
        where = " ".join(shown.split()).find(" ".join(readable(passage).split()))
        assert where >= 0
    assert all(later.start - one.start >= 15 for one, later in pairwise(passages))
