"""Rules of what people read in Discord: whatever a video, an error or a person is called, it does nothing there."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cogs.views import listing
from cogs.views.card import card, links, story
from cogs.views.text import bar, duration, emoji, one_line, plain, rough
from cogs.views.text import title as title_of
from services.jobs.eta import Forecast
from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.overview import Standing
from tests.builders import NOON, a_job, a_metadata, an_origin, finished_artifacts, stored_files

MARKS = r"\*_~`|<>[]()#:@"
"""What may begin something in Discord."""
NASTY = st.text(
    st.one_of(
        st.characters(), st.sampled_from([*MARKS, *" \n\r\t+-", "\u202e", "\u200b", "\u200d", "\ud800", "\u3164"])
    ),
    max_size=1000,
)
LATER = NOON + timedelta(minutes=2)


def named(title: str, **changes: Any) -> Job:
    return a_job(artifacts=Artifacts(metadata=a_metadata(title=title)), **changes)


def states(title: str, error: str, person: str) -> Iterator[Job]:
    """Yield a job with these words in each of its states."""
    job = named(title, origin=an_origin(author_name=person))
    running = job.entering(Stage.DOWNLOADING, NOON)
    yield job
    yield replace(job, repost_of="another")
    yield running.progressed(0.5)
    yield running.postponed(error, NOON, LATER)
    yield job.postponed(error, NOON, LATER)
    yield running.held_up(error, NOON, error)
    yield running.failed(error, NOON)
    yield running.failed(error, NOON, for_good=True)
    yield running.cancelled(person, NOON)
    yield replace(running.succeeded(LATER), error=error, repost_of="another")


def texts(embed: discord.Embed) -> list[str]:
    fields = [text for field in embed.fields for text in (field.name, field.value)]
    return [text for text in (embed.title, embed.description, embed.footer.text, *fields) if text is not None]


def assert_fits(embed: discord.Embed) -> None:
    assert 0 < len(embed.title or "") <= 256
    assert 0 < len(embed.description or "") <= 4096
    assert len(embed.fields) <= 25
    assert all(0 < len(field.name or "") <= 256 and 0 < len(field.value or "") <= 1024 for field in embed.fields)
    assert len(embed) <= 6000
    assert "\n".join(texts(embed)).encode()


def test_the_reaction_follows_the_work() -> None:
    job = a_job()
    seen = [emoji(job)]
    for stage in (Stage.PROCESSING, Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING, Stage.COMPLETE):
        job = job.entering(stage, NOON)
        seen.append(emoji(job))
    seen += [emoji(job.succeeded(NOON)), emoji(job.failed("x", NOON)), emoji(job.cancelled("x", NOON))]

    assert seen == ["👀", "👀", "⬇️", "✍️", "☁️", "☁️", "✅", "❌", "❌"]


@given(NASTY, st.integers(2, 200))
@example("- no list", 200)
@example("\u200b+ no list", 200)
def test_text_from_outside_is_one_visible_line_in_which_no_mark_is_left_unescaped(text: str, limit: int) -> None:
    shown = plain(text, limit)

    assert 0 < len(shown) <= max(2 * limit, len("untitled"))
    assert re.fullmatch(r"(?:[^\\*_~`|<>\[\]()#:@]|\\[\\*_~`|<>\[\]()#:@+-])*", shown)
    assert not shown.startswith(("-", "+"))
    assert shown == " ".join(shown.split())
    assert not [letter for letter in shown if unicodedata.category(letter)[0] == "C" and letter != "\u200d"]
    assert shown.encode()


@pytest.mark.parametrize(
    "invisible", ["", " ", "\n", "\u200b \u200b", "\u200d", "\u202e", "\u3164", "\ud83d", "\u2800"]
)
def test_a_name_of_which_nothing_can_be_seen_is_untitled(invisible: str) -> None:
    assert plain(invisible) == "untitled"


def test_ordinary_words_and_emoji_stay_as_they_are() -> None:
    ordinary = "Müller’s 1st stand-up, 5 % off & “more” – 日本語 👩‍👩‍👧 + e = mc²!"

    assert plain(ordinary) == ordinary
    assert one_line("a\u00a0 b\r\nc", 99) == "a b c"
    assert one_line("abcdef", 4) == "abc…"


@given(NASTY, NASTY, NASTY)
def test_every_card_and_story_fits_into_discords_limits_and_can_be_sent(title: str, error: str, person: str) -> None:
    for job in states(title, error, person):
        for forecast in (Forecast(), Forecast(position=7), Forecast(seconds_left=700)):
            assert_fits(card(job, forecast))
            assert_fits(story(job, forecast))


@given(NASTY, NASTY, NASTY)
def test_in_a_card_words_from_outside_stay_what_they_are(title: str, error: str, person: str) -> None:
    ours = [card(job, Forecast()) for job in states("title", "error", "person")]
    for job, expected in zip(states(title, error, person), ours, strict=True):
        shown = card(job, Forecast())
        lines, expected_lines = str(shown.description).split("\n"), str(expected.description).split("\n")
        assert shown.title == title_of(job)
        assert len(lines) == len(expected_lines) or not error
        assert "@everyone" not in str(shown.description).replace(r"\@", "")
        assert not re.search(r"(?<!\\)(?:\\\\)*\]\(", str(shown.description))


def test_even_a_story_that_is_all_marks_fits(tmp_path: Path) -> None:
    marks = "*" * 2000
    job = named(marks, origin=an_origin(author_name=marks))
    for _ in range(60):
        job = job.entering(Stage.UPLOADING, NOON).postponed(marks, NOON + timedelta(hours=12, minutes=59), LATER)

    assert_fits(story(job.failed(marks, LATER), Forecast()))
    assert_fits(card(job.failed(marks, LATER), Forecast()))
    everything = replace(job, artifacts=replace(finished_artifacts(tmp_path), metadata=a_metadata(title=marks)))
    assert_fits(story(everything.succeeded(LATER), Forecast()))


@given(st.lists(st.tuples(NASTY, NASTY, NASTY), max_size=2))
def test_every_page_of_status_fits_and_says_where_it_is(words: list[tuple[str, str, str]]) -> None:
    jobs = [job for three in words for job in states(*three)]
    ended = [job for job in jobs if job.has_ended][: listing.PAGE]
    waiting = [job for job in jobs if job.status in (JobStatus.QUEUED, JobStatus.WAITING)][: listing.PAGE - len(ended)]
    counts = {JobStatus.FAILED: len(ended), JobStatus.QUEUED: len(waiting)}

    assert_fits(listing.page(Standing(counts, [], waiting, ended), {}, 0))


def test_a_page_of_marks_fits_too() -> None:
    origin = an_origin(message_url=f"https://discord.com/channels/{'9' * 20}/{'9' * 20}/{'9' * 20}")
    job = named("*" * 500, origin=origin).entering(Stage.UPLOADING, NOON).failed("*" * 500, NOON)

    assert_fits(listing.page(Standing({JobStatus.FAILED: 10**6}, [], [], [job] * listing.PAGE), {}, 99_999))


@given(NASTY, NASTY, NASTY)
def test_a_choice_has_a_name_that_discord_takes(title: str, error: str, person: str) -> None:
    for job in states(title, error, person):
        choice = listing.choice(job)
        assert 0 < len(choice.name) <= 100
        assert "\n" not in choice.name
        assert choice.name.encode()
        assert choice.value == job.id


def test_a_page_tells_of_each_job_how_it_is() -> None:
    runs = named("Runs").entering(Stage.DOWNLOADING, NOON).progressed(0.5)
    waits, held = named("Waits"), named("Held").entering(Stage.UPLOADING, NOON).held_up("full", NOON, "Google Drive")
    failed = named("Failed").failed("Gone.", NOON)
    counts = {JobStatus.RUNNING: 1, JobStatus.QUEUED: 1, JobStatus.WAITING: 1, JobStatus.FAILED: 30}
    forecasts = {runs.id: Forecast(seconds_left=130)}

    shown = listing.page(Standing(counts, [runs], [], []), forecasts, 0)
    assert "50% · about 2 min left" in str(shown.description)
    shown = listing.page(Standing(counts, [], [waits, held], [failed]), {waits.id: Forecast(position=3)}, 1)
    assert "number 3" in str(shown.description)
    assert "until Google Drive is mended" in str(shown.description)
    assert re.search(r"\[Failed\]\(https://discord.com/channels/1/2/3\) · <t:\d+:R> · Gone\.", str(shown.description))
    assert shown.footer.text == "Page 2 of 4"
    assert "No videos yet" in str(listing.page(Standing({}, [], [], []), {}, 0).description)


def lines(job: Job, forecast: Forecast | None = None) -> list[str]:
    return str(card(job, forecast or Forecast()).description).split("\n")


def test_a_card_tells_what_is_so_in_each_state(tmp_path: Path) -> None:
    job = a_job()
    running = job.entering(Stage.DOWNLOADING, NOON)
    again = running.postponed("The site is busy.", NOON, LATER)
    done = replace(job, artifacts=finished_artifacts(tmp_path), started_at=NOON).succeeded(LATER)

    assert lines(job, Forecast(position=3)) == ["👀 **Waiting** · number 3 in line"]
    assert lines(replace(job, repost_of="x")) == ["👀 **Waiting** for the same video, which was posted before"]
    assert lines(running) == ["⬇️ **Downloading**"]
    assert lines(running.progressed(0.42), Forecast(seconds_left=61)) == [
        "⬇️ **Downloading**",
        "▰▰▰▰▱▱▱▱▱▱ 42% · about 1 min left",
    ]
    assert lines(again) == [f"⏳ **Downloading** · try 2 <t:{LATER.timestamp():.0f}:R>", "The site is busy."]
    assert lines(again.entering(Stage.DOWNLOADING, NOON)) == ["⬇️ **Downloading** · try 2"]
    assert "Google Drive is mended" in lines(running.held_up("It is full.", NOON, "Google Drive"))[0]
    assert lines(running.failed("The video is private.", NOON, for_good=True)) == [
        "❌ **Failed** while Downloading",
        "The video is private.",
        "Another try ends the same way, unless that has changed: then press Retry.",
    ]
    assert lines(running.failed("The site is busy.", NOON))[2] == "Press Retry to go on where it stopped."
    assert lines(running.cancelled("Ada", NOON)) == ["❌ **Cancelled**", "Cancelled by Ada"]
    assert lines(done) == ["✅ **Complete** in 2 min 0 s"]
    told = {field.name: field.value for field in card(done, Forecast()).fields}
    assert told == {"Length": "1 min 30 s", "Words": "2", "Language": "en", "Model": "tiny.en"}


def test_a_job_that_waits_before_its_first_stage_is_said_to_wait() -> None:
    held = a_job().held_up("The disk is full.", NOON, "the disk")

    assert lines(held)[0] == "⏳ **Waiting** · goes on by itself once the disk is mended"


def test_a_card_lists_the_stages_passed_with_the_time_of_their_last_try() -> None:
    job = a_job()
    for stage, seconds in ((Stage.PROCESSING, 5), (Stage.DOWNLOADING, 70)):
        job = job.entering(stage, NOON).ending(stage, NOON + timedelta(seconds=seconds))
    job = job.entering(Stage.TRANSCRIBING, NOON).postponed("busy", NOON, NOON).entering(Stage.TRANSCRIBING, NOON)

    assert lines(job)[1:] == ["-# ✓ Processing · 5 s", "-# ✓ Downloading · 1 min 10 s"]
    assert lines(job.failed("gone", NOON).retried(LATER))[1:] == lines(job)[1:]


def test_a_job_that_is_done_anew_has_passed_no_stage_yet() -> None:
    done = a_job().entering(Stage.PROCESSING, NOON).ending(Stage.PROCESSING, NOON).succeeded(NOON)

    assert lines(done.redone(LATER)) == ["👀 **Waiting**"]
    anew = done.redone(LATER).entering(Stage.PROCESSING, LATER).ending(Stage.PROCESSING, LATER)
    assert lines(anew.entering(Stage.DOWNLOADING, LATER))[1:] == ["-# ✓ Processing · 0 s"]


def test_a_story_tells_every_try_who_posted_it_and_what_was_made(tmp_path: Path) -> None:
    job = a_job(artifacts=replace(finished_artifacts(tmp_path), page_url="https://notion.so/page"))
    job = job.entering(Stage.UPLOADING, NOON).postponed("Drive is busy.", LATER, LATER)
    shown = story(job.entering(Stage.UPLOADING, LATER), Forecast())

    stamps = [f"<t:{at.timestamp():.0f}:T>" for at in (NOON, LATER)]
    assert str(shown.description).split("\n")[1:] == [
        f"✗ Uploading to Drive {stamps[0]} · 2 min 0 s · Drive is busy.",
        f"… Uploading to Drive since {stamps[1]}",
    ]
    fields = {field.name: str(field.value) for field in shown.fields}
    assert fields["Posted by"].startswith("Ada in <#2>")
    assert fields["Files"].startswith("[Notion page](https://notion.so/page) · [Folder](https://drive.google.com/")


@pytest.mark.parametrize("url", ["file:///srv/files/x", "https://x.example/) [evil](https://y.example", "", None])
def test_what_is_no_web_address_is_no_link(url: str | None) -> None:
    stored = replace(stored_files(), folder=replace(stored_files().folder, url=url or ""))
    job = a_job(artifacts=Artifacts(stored=stored, page_url=url))

    assert [name for name, _ in links(job)] == ["Transcript file"]


def test_until_its_title_is_known_a_video_is_called_by_its_link() -> None:
    assert card(a_job(), Forecast()).title == "youtube.com/watch?v=dQw4w9WgXcQ"


@pytest.mark.parametrize(
    ("seconds", "exact", "about"),
    [
        (0, "0 s", "less than a minute"),
        (59.6, "1 min 0 s", "less than a minute"),
        (192, "3 min 12 s", "about 3 min"),
        (7512, "2 h 5 min", "about 2 h 0 min"),
    ],
)
def test_durations_are_told_for_people_and_estimates_no_more_exactly_than_they_are(
    seconds: float, exact: str, about: str
) -> None:
    assert (duration(seconds), rough(seconds)) == (exact, about)


def test_a_bar_shows_its_percent() -> None:
    assert [bar(fraction) for fraction in (0, 0.5, 1)] == ["▱▱▱▱▱▱▱▱▱▱ 0%", "▰▰▰▰▰▱▱▱▱▱ 50%", "▰▰▰▰▰▰▰▰▰▰ 100%"]
