"""Rules of what people read in Discord."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cogs import views
from services.jobs.job import Artifacts, Job, Stage
from tests.builders import NOON, a_job, a_metadata, finished_artifacts


def test_the_reaction_follows_the_work() -> None:
    job = a_job()
    seen = [views.emoji(job)]
    for stage in (Stage.PROCESSING, Stage.DOWNLOADING, Stage.TRANSCRIBING, Stage.UPLOADING, Stage.COMPLETE):
        job = job.entering(stage, NOON)
        seen.append(views.emoji(job))
    seen += [views.emoji(job.succeeded(NOON)), views.emoji(job.failed("x", NOON))]

    assert seen == ["👀", "👀", "⬇️", "✍️", "☁️", "☁️", "✅", "❌"]


def test_the_reply_links_to_what_was_made(tmp_path: Path) -> None:
    job = a_job(artifacts=finished_artifacts(tmp_path)).succeeded(NOON)

    assert "✅ Ask not" in views.reply(job)
    assert "[folder](<https://drive.google.com/folder>)" in views.reply(job)


def test_the_reply_to_a_failure_is_one_line_that_says_which_video_and_why() -> None:
    job = a_job().failed("The video is private.", NOON)

    assert views.reply(job) == "❌ https://www.youtube.com/watch?v=dQw4w9WgXcQ: The video is private."


@pytest.mark.parametrize("name", ["**bold**", "`code`", "[a](https://evil.example)", "# heading\nsecond line", "||x||"])
def test_a_title_does_nothing_in_discord(name: str) -> None:
    shown = views.title(a_job(artifacts=Artifacts(metadata=a_metadata(title=name))))

    assert "\n" not in shown
    assert not any(plain in shown.replace(f"\\{plain[0]}", "") for plain in ("**", "||", "`"))


@given(st.text(max_size=4000), st.text(max_size=4000))
def test_every_answer_fits_into_discords_limits(title: str, error: str) -> None:
    job = a_job(artifacts=Artifacts(metadata=a_metadata(title=title)))
    jobs: list[Job] = [job.entering(Stage.DOWNLOADING, NOON).progressed(0.5)] * 50

    assert len(views.reply(job.failed(error, NOON))) <= 2000
    embed = views.status_embed(jobs, [job.failed(error, NOON)] * 5)
    assert all(0 < len(str(field.value)) <= 1024 for field in embed.fields)
    assert len(embed) <= 6000
