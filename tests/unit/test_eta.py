"""Rules of the time left."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.jobs.eta import Rate, rate_of, seconds_left
from services.jobs.job import Artifacts, Job, Stage
from services.media import Media, MediaFile
from tests.builders import NOON, a_job, a_metadata, a_transcript

FILE = Path("video.mp4")
MEDIA = Media(MediaFile(FILE, 800), MediaFile(FILE, 200), 60.0)
KNOWN = Artifacts(a_metadata(expected_bytes=1000), MEDIA)
RATES = [10.0] * 5


def running(stage: Stage, artifacts: Artifacts = KNOWN) -> Job:
    return a_job(artifacts=artifacts).entering(stage, NOON)


@pytest.mark.parametrize(("stage", "left"), [(Stage.DOWNLOADING, 100), (Stage.TRANSCRIBING, 6), (Stage.UPLOADING, 100)])
def test_the_time_left_is_the_stages_work_at_its_usual_rate(stage: Stage, left: float) -> None:
    assert seconds_left(running(stage), RATES) == left
    assert seconds_left(running(stage).progressed(0.75), RATES) == left / 4


def test_with_fewer_than_five_rates_nothing_is_told() -> None:
    assert seconds_left(running(Stage.DOWNLOADING), RATES[:4]) is None
    assert seconds_left(running(Stage.DOWNLOADING), RATES[:5]) is not None


def test_the_usual_rate_is_the_median_so_that_one_odd_run_says_little() -> None:
    assert seconds_left(running(Stage.DOWNLOADING), [10, 10, 10, 0.001, 100_000]) == 100


@pytest.mark.parametrize("stage", Stage)
def test_where_the_size_of_the_work_is_not_known_nothing_is_told(stage: Stage) -> None:
    unknown = Artifacts(a_metadata(duration_s=None))

    assert seconds_left(running(stage, unknown), RATES) is None
    assert rate_of(stage, running(stage, unknown), 9) is None


def test_a_video_without_sound_has_nothing_to_transcribe() -> None:
    silent = replace(KNOWN, media=replace(MEDIA, audio=None))

    assert seconds_left(running(Stage.TRANSCRIBING, silent), RATES) is None


def test_the_rate_of_a_stage_is_its_work_in_a_second_and_for_speech_with_its_model() -> None:
    transcribed = a_job(artifacts=replace(KNOWN, transcript=a_transcript()))

    assert rate_of(Stage.DOWNLOADING, transcribed, 10) == Rate(Stage.DOWNLOADING, "", 100)
    assert rate_of(Stage.UPLOADING, transcribed, 10) == Rate(Stage.UPLOADING, "", 100)
    assert rate_of(Stage.TRANSCRIBING, transcribed, 10) == Rate(Stage.TRANSCRIBING, "tiny.en", 6)
    assert rate_of(Stage.DOWNLOADING, transcribed, 0) is None


def test_the_sound_that_is_still_coming_is_as_long_as_the_site_says() -> None:
    assert seconds_left(running(Stage.TRANSCRIBING, Artifacts(a_metadata(duration_s=60))), [6.0] * 5) == 10
