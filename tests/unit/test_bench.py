from dataclasses import replace
from datetime import timedelta

import pytest

from bench import traffic
from bench.pipeline import Race
from bench.processes import Memory, Peak, read_rollup
from bench.reasons import KINDS, UNEXPLAINED, kind_of
from bench.reports import Shown, Step, lags
from bench.script import ScriptTimes
from bench.tables import p99_of
from bench.watching import Way, covered
from services.jobs.job import Job, Stage
from tests.builders import NOON, a_job

MESSAGE = "3"


def a_job_that_downloads() -> Job:
    """Requested at noon, begun two seconds later, downloading four seconds later."""
    begun = replace(a_job(), created_at=NOON).entering(Stage.PROCESSING, NOON + timedelta(seconds=2))
    return begun.entering(Stage.DOWNLOADING, NOON + timedelta(seconds=4))


def shown(step: Step, seconds: float) -> Shown:
    return Shown(MESSAGE, step, NOON.timestamp() + seconds)


def test_a_report_that_skips_a_step_shows_it_with_the_next_one() -> None:
    told = [shown(Step.REQUESTED, 1), shown(Step.DOWNLOADING, 10)]

    assert list(lags(a_job_that_downloads(), told)) == [1, 8, 6]


def test_a_step_that_was_never_shown_has_no_lag() -> None:
    assert list(lags(a_job_that_downloads(), [shown(Step.PROCESSING, 3)])) == [3, 1]


def test_reports_of_other_messages_tell_nothing() -> None:
    assert list(lags(a_job_that_downloads(), [replace(shown(Step.ENDED, 3), job="4")])) == []


def test_one_bad_run_of_three_does_not_spoil_the_99th_percentile() -> None:
    assert p99_of([[1.0] * 100, [1.0] * 100, [900.0] * 100]) == 1


def test_moments_that_several_parts_share_count_once() -> None:
    assert covered([(5, 6), (0, 2), (1, 3), (1.5, 2), (4, 4), (9, 8)]) == 4


def test_what_lies_before_the_post_or_after_the_page_is_no_part_of_the_way() -> None:
    way = Way(posted_at=10, first_words_at=None, page_complete_at=20, job=a_job(), transfers=[])

    assert way.outside([(0, 12), (11, 13), (18, 30)]) == 5


def test_stages_and_their_seconds_are_those_of_the_jobs_own_record() -> None:
    job = a_job_that_downloads().entering(Stage.TRANSCRIBING, NOON + timedelta(seconds=9))
    way = Way(0, None, 1, job.succeeded(NOON), transfers=[])

    assert way.transcription_s == 0, "it never ended"
    way = replace(way, job=job.ending(Stage.TRANSCRIBING, NOON + timedelta(seconds=12)))
    assert way.transcription_s == 3


def test_the_script_is_not_charged_with_its_start() -> None:
    script = ScriptTimes(start=100, download=4, transcription=10, upload=1, page=1)
    race = Race("one", download=4, transcription=5, upload=1, bot=8, script=script)

    assert (race.over_slowest, race.speedup) == (1.6, 2)


@pytest.mark.parametrize("parts", [(9, 1, 1), (1, 9, 1), (1, 1, 9)])
def test_whichever_part_is_slowest_is_what_the_bot_is_held_against(parts: tuple[float, float, float]) -> None:
    download, transcription, upload = parts
    race = Race("one", download, transcription, upload, bot=18, script=ScriptTimes(0, 0, 0, 0, 0))

    assert race.over_slowest == 2


def test_every_kind_of_request_is_explained_once() -> None:
    paths = [(kind.service, kind.method, kind.path) for kind in KINDS]

    assert len(set(paths)) == len(paths)
    assert all(kind.why.endswith(".") and kind_of(*path) is kind for kind, path in zip(KINDS, paths, strict=True))


def test_a_path_is_of_a_kind_as_a_whole_and_part_by_part() -> None:
    assert kind_of("notion", "PATCH", "/v1/pages/1a-2b").path == "/v1/pages/{}"
    assert kind_of("notion", "PATCH", "/v1/pages/1a-2b/more").why == UNEXPLAINED
    assert kind_of("drive", "PATCH", "/v1/pages/1a-2b").why == UNEXPLAINED


def test_a_request_that_nobody_explained_is_a_fault_and_stands_in_the_table() -> None:
    strange, known = kind_of("notion", "DELETE", "/v1/blocks/1"), kind_of("notion", "POST", "/v1/pages")
    outcome = traffic.outcome({"link": {known: 1, strange: 2}})

    assert len(outcome.faults) == 1
    assert "DELETE /v1/blocks/1" in outcome.faults[0]
    assert UNEXPLAINED in list(outcome.tables[0].columns[-1].cells)
    assert outcome.results["notion_requests_of_a_link"] == 3


def test_the_kernels_pages_are_counted_in_millions_of_bytes() -> None:
    told = "55d0-7fff ---p 00000000 00:00 0 [rollup]\nRss:  125000 kB\nPss:   62500 kB\nPss_Dirty:  1 kB\n"

    assert read_rollup(told) == Memory(128, 64)


def test_a_peak_is_of_all_processes_at_one_moment() -> None:
    peak = Peak(Memory(), Memory())

    for bot, children in ((100, [300.0, 50.0]), (120, [200.0]), (110, [])):
        peak.rise(Memory(bot, bot), [Memory(child, child / 2) for child in children])

    assert (peak.memory, peak.child) == (Memory(450, 275), Memory(300, 150))
