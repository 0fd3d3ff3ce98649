"""Every text that goes out, made of the words that people post: it does nothing there, fits, and keeps secrets."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta, timezone
from typing import Any

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.http import RequestError
from bot.webhook import _read
from cogs.doctor import pages
from cogs.views import listing
from cogs.views.card import card, story
from config.notion_config import AUDIT_PROCESS
from services.clients.names import portable_name
from services.clients.notion import DataSource
from services.clients.ytdlp_errors import classify
from services.doctor.finding import Finding, Level
from services.errors import PermanentError
from services.jobs.eta import Forecast
from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.jobs.retry import RetryPolicy
from services.jobs.source import find_sources
from services.media import Segment, Transcript
from services.overview import Standing
from services.pipeline.blocks import audit_record, transcript_toggle
from services.pipeline.page import encoded, final_values, opening_values
from services.words import readable, utf16_units
from tests.builders import NOON, a_job, a_metadata, an_origin, stored_files
from tests.hostile import TEXTS, WORDS

MANY = settings(max_examples=3000)
COLUMNS = dict.fromkeys(AUDIT_PROCESS.field_map.values(), "rich_text")
TABLE = DataSource("table", {**COLUMNS, "Name": "title", "Channel": "select", "YouTube Channel": "select"})
_ESCAPED = re.compile(r"\\[\\*_~`|<>\[\]()#:@.+-]")
_MARKS = re.compile(r"[\\*_~`|<>\[\]()#:@]|^[-+]|^\d+\. ", re.MULTILINE)


def jobs_of(title: str, error: str, person: str) -> Iterator[Job]:
    """Yield jobs in each state whose words from outside are these."""
    origin = an_origin(author_name=person, content=title, guild_name=person, channel_name=person)
    job = a_job(origin=origin, artifacts=Artifacts(metadata=a_metadata(title=title, uploader=person)))
    runs = job.entering(Stage.UPLOADING, NOON)
    policy = RetryPolicy(jitter=lambda: 0.5)
    yield job
    yield runs.progressed(0.5)
    yield policy.after_failure(runs, PermanentError(error), NOON)
    yield runs.postponed(error, NOON, NOON + timedelta(minutes=1))
    yield runs.held_up(error, NOON, person)
    yield runs.cancelled(person, NOON)
    yield replace(job, artifacts=replace(job.artifacts, stored=stored_files())).remarking(error).succeeded(NOON)


def marks(embed: discord.Embed) -> list[str]:
    """Return what Discord acts upon in an embed, in its order."""
    fields = [text for field in embed.fields for text in (field.name, field.value)]
    texts = [embed.title, embed.description, *fields]
    return [mark for text in texts for mark in _MARKS.findall(_ESCAPED.sub("x", text or ""))]


def embeds(jobs: Sequence[Job]) -> Iterator[discord.Embed]:
    for job in jobs:
        yield card(job, Forecast(position=7))
        yield story(job, Forecast(seconds_left=700))
    yield listing.page(Standing(dict.fromkeys(JobStatus, 1), [*jobs[1:2]], [*jobs[3:5]], [*jobs[5:]]), {}, 0)


def check_discord(title: str, error: str, person: str) -> None:
    """Cards, stories and lists hold the same mentions, links and formats as if the words were harmless."""
    shown = list(embeds(list(jobs_of(title, error, person))))
    harmless = list(embeds(list(jobs_of("title", "error" if error else "", "person"))))
    for embed, expected in zip(shown, harmless, strict=True):
        assert marks(embed) == marks(expected)
        assert utf16_units(embed.title or "") <= 256
        assert utf16_units(embed.description or "") <= 4096
        assert all(0 < utf16_units(field.value or "") <= 1024 for field in embed.fields)
        assert json.dumps(embed.to_dict(), ensure_ascii=False).encode()
    for job in jobs_of(title, error, person):
        name = listing.choice(job).name
        assert 0 < utf16_units(name) <= 100
        assert name.isprintable() or "\u200d" in name


def check_notion(title: str, error: str, person: str) -> None:
    """Pages take every text: pieces and lists within their limits, no controls, nothing that UTF-8 cannot say."""
    transcript = Transcript((Segment(0.0, 1.0, title), Segment(20.0, 21.0, error)), "en", person)
    for job in jobs_of(title, error, person):
        metadata = a_metadata(title=title, uploader=person)
        values = opening_values(job) | final_values(job, metadata, transcript, stored_files(), NOON)
        told = encoded(values | {"process_errors": error, "channel": person}, AUDIT_PROCESS.field_map, TABLE)
        check_texts(told.properties)
        for toggle in (audit_record(job, timezone.utc), transcript_toggle(job, transcript)):
            check_texts(toggle.paragraphs)


def check_texts(sent: Any) -> None:
    assert json.dumps(sent, ensure_ascii=False).encode()
    for text in contents(sent):
        assert 0 < utf16_units(text) <= 2000
        assert readable(text) == text
    for option in re.findall(r'"select": {"name": "([^"]*)"', json.dumps(sent)):
        assert 0 < len(option) <= 600  # spelled in ASCII
    lists = [sent] if isinstance(sent, list) else sent.values() if isinstance(sent, dict) else sent
    assert all(len(texts) <= 100 for texts in lists)


def contents(sent: Any) -> Iterator[str]:
    if isinstance(sent, dict):
        if "content" in sent:
            yield sent["content"]
        sent = list(sent.values())
    if isinstance(sent, list | tuple):
        for part in sent:
            yield from contents(part)


def check_secrets(words: str) -> None:
    """What an error says of headers, tokens and signed links stays behind, wherever it is shown."""
    said = f"{words} Authorization: Bearer SECRET1234\n"
    error = PermanentError(said)
    assert "SECRET1234" not in str(error)
    assert "SECRET1234" not in str(classify(said, 400, site="X"))


@given(TEXTS, TEXTS, WORDS)
def test_in_discord_words_stay_words(title: str, error: str, person: str) -> None:
    check_discord(title, error, person)


@given(TEXTS, TEXTS, WORDS)
def test_in_notion_every_text_fits_and_can_be_read(title: str, error: str, person: str) -> None:
    check_notion(title, error, person)


@given(WORDS)
def test_no_error_lets_a_secret_through(words: str) -> None:
    check_secrets(words)


@given(TEXTS)
def test_every_text_makes_a_file_name_that_stays_in_its_folder(title: str) -> None:
    name = portable_name(f"2026-11-23 - {title}")

    assert 0 < len(name.encode()) <= 255
    assert name not in {".", ".."}
    assert not set(name) & set('/\\:*?"<>|\0\n\u202e\u2066')


@given(st.lists(st.tuples(WORDS, TEXTS), max_size=5))
def test_the_doctors_findings_are_words(findings: list[tuple[str, str]]) -> None:
    shown = list(pages([Finding(Level.RED, subject, text, "Do this.") for subject, text in findings]))
    harmless = list(pages([Finding(Level.RED, "subject", "text" * bool(text), "Do this.") for _, text in findings]))

    assert all(utf16_units(page) <= 4096 for page in shown)
    told = [mark for page in shown for mark in _MARKS.findall(_ESCAPED.sub("x", page))]
    assert told == [mark for page in harmless for mark in _MARKS.findall(page)]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(["discord_entry_id", "youtube_url", "channel", "parent_drive_folder_id", "x"])
RIGHT = {"discord_entry_id": "0" * 32, "youtube_url": "https://youtu.be/dQw4w9WgXcQ", "channel": "audit-process"}


@given(st.dictionaries(FIELDS, JSON, max_size=5) | JSON | st.binary())
def test_a_webhooks_answer_is_one_sentence_that_repeats_nothing(sent: Any) -> None:
    body = sent if isinstance(sent, bytes) else json.dumps(RIGHT | sent if isinstance(sent, dict) else sent).encode()
    try:
        wanted = _read(body)
    except RequestError as error:
        answer = str(error)
    else:
        answer = "Taken."
        assert find_sources([wanted.youtube_url])
    assert re.fullmatch(r"[\w ,:/.'_]+\.", answer)


@pytest.mark.long
@pytest.mark.timeout(1200)
@MANY
@given(TEXTS, TEXTS, WORDS)
def test_thousands_of_words_stay_words(title: str, error: str, person: str) -> None:
    check_discord(title, error, person)
    check_notion(title, error, person)
    check_secrets(error)
