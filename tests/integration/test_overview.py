"""Rules of what people look at, on a real SQLite."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.jobs.eta import Forecast, Rate
from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.overview import Overview
from services.store import JobStore
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, a_metadata, an_origin

HERE, THERE = 2, 5
ALL = list(JobStatus)


@pytest.fixture
def overview(store: JobStore) -> Overview:
    return Overview(store, "tiny.en")


def after(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def jobs(count: int, first: int = 10, channel_id: int = HERE) -> list[Job]:
    """Return jobs of as many messages, each a minute younger than the one before."""
    return [
        a_job(origin=an_origin(message_id=number, channel_id=channel_id), created_at=after(number))
        for number in range(first, first + count)
    ]


async def add(store: JobStore, many: Iterable[Job]) -> None:
    for job in many:
        await store.add(job)


async def test_a_place_in_line_counts_those_who_wait_for_a_worker_and_came_before(
    store: JobStore, overview: Overview
) -> None:
    runs, waits, first, repost, second, third = jobs(6)
    await add(store, [runs.entering(Stage.PROCESSING, NOON), waits.postponed("busy", NOON, after(60)), first])
    await add(store, [replace(repost, repost_of=first.id), third, second])

    assert [(await overview.forecast(job)).position for job in (first, second, third)] == [1, 2, 3]
    assert await overview.first_in_line(2) == [first.id, second.id]
    for other in ("runs", "waits", "repost"):
        job = {"runs": runs.entering(Stage.PROCESSING, NOON), "waits": waits.postponed("busy", NOON, NOON)}.get(other)
        assert await overview.forecast(job or replace(repost, repost_of=first.id)) == Forecast()


async def test_who_asked_in_the_same_moment_has_a_place_of_his_own(store: JobStore, overview: Overview) -> None:
    same = [replace(job, created_at=NOON) for job in jobs(3)]
    await add(store, same)

    assert [(await overview.forecast(job)).position for job in same] == [1, 2, 3]


async def test_a_job_that_is_taken_up_again_stands_at_the_end_of_the_line(store: JobStore, overview: Overview) -> None:
    old, *others = jobs(3)
    again = old.failed("gone", NOON).retried(after(99))
    await add(store, [again, *others])

    assert (await overview.forecast(again)).position == 3


async def test_the_time_left_comes_from_the_last_20_rates_of_the_stage_with_this_model(
    store: JobStore, overview: Overview
) -> None:
    job = a_job(artifacts=Artifacts(metadata=a_metadata(expected_bytes=1000))).entering(Stage.DOWNLOADING, NOON)

    for rate in [1.0] * 20 + [10.0] * 4:
        await store.keep_rate(Rate(Stage.UPLOADING, "", rate))
        await store.keep_rate(Rate(Stage.DOWNLOADING, "another model", rate))
    assert (await overview.forecast(job)).seconds_left is None

    for rate in [1.0] * 20 + [10.0] * 11:
        await store.keep_rate(Rate(Stage.DOWNLOADING, "", rate))
    assert (await overview.forecast(job)).seconds_left == 100
    assert (await overview.forecast(job.progressed(0.75))).seconds_left == 25


async def test_pages_go_through_running_waiting_and_ended_jobs_without_a_gap(
    store: JobStore, overview: Overview
) -> None:
    one, two, three, four, five, six, seven = jobs(7)
    running = [one.entering(Stage.PROCESSING, NOON), two.entering(Stage.DOWNLOADING, NOON)]
    waiting = [three, four.postponed("busy", NOON, NOON)]
    ended = [five.failed("gone", after(3)), six.succeeded(after(2)), seven.cancelled("Ada", after(1))]
    await add(store, [*ended, *waiting, *running])

    for limit in range(1, 9):
        told = []
        for skip in range(0, 8, limit):
            part = await overview.standing({HERE}, skip=skip, limit=limit)
            page = [*part.running, *part.waiting, *part.ended]
            assert len(page) == min(limit, max(7 - skip, 0))
            told += page
        assert told == [*running, *waiting, *ended]
        assert sum(part.counts.values()) == 7


async def test_other_channels_are_not_told_of(store: JobStore, overview: Overview) -> None:
    [here], [there] = jobs(1), jobs(1, first=20, channel_id=THERE)
    failed = there.failed("gone", NOON)
    await add(store, [here, failed])

    standing = await overview.standing({HERE}, skip=0, limit=10)
    assert (standing.waiting, standing.ended, standing.counts) == ([here], [], {JobStatus.QUEUED: 1})
    assert await overview.search("", {HERE}, ALL, 10) == [here]
    assert await overview.failed_in_vain({HERE}, NOON - timedelta(days=1)) == []
    assert await overview.search("", (), ALL, 10) == []
    assert await overview.channels() == {HERE, THERE}


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("ASK NOT", "titled"),
        ("STRASSE", "titled"),
        ("watch?v=dqw4", "titled"),
        ("stand-up", "file"),
        ("100%", "percent"),
        ("0% o", "percent"),
        ("a_b", "percent"),
        ("11-", "file"),
    ],
)
async def test_a_video_is_found_by_its_title_its_link_or_its_id_in_any_case_and_to_the_letter(
    typed: str, found: str, store: JobStore, overview: Overview
) -> None:
    titles = {"titled": "Ask not: die Straße", "percent": "100% of a_b", "decoy": "1000 of axb"}
    sources = {"titled": YOUTUBE, "file": ATTACHMENT}
    named = {
        name: a_job(
            sources.get(name, replace(ATTACHMENT, video_id=name, filename=f"{name}.mp4")),
            origin=an_origin(message_id=10 + number),
            artifacts=Artifacts(metadata=a_metadata(title=titles[name]) if name in titles else None),
        )
        for number, name in enumerate(("titled", "file", "percent", "decoy"))
    }
    await add(store, named.values())

    assert await overview.search(typed, {HERE}, ALL, 10) == [named[found]]


async def test_the_newest_are_offered_and_only_those_in_the_wanted_states(store: JobStore, overview: Overview) -> None:
    many = jobs(5)
    await add(store, [many[0], *(job.failed("gone", NOON) for job in many[1:])])

    offered = await overview.search("", {HERE}, [JobStatus.FAILED], 3)

    assert [job.id for job in offered] == [many[4].id, many[3].id, many[2].id]


async def test_what_failed_lately_and_not_for_good_may_be_tried_again(store: JobStore, overview: Overview) -> None:
    newer, older, long_ago, private, cancelled, done = jobs(6)
    older = replace(older, created_at=NOON)
    outage = [older.failed("busy", after(1)), newer.failed("busy", after(2))]
    await add(store, [*reversed(outage), long_ago.failed("busy", NOON), private.failed("no", after(1), for_good=True)])
    await add(store, [cancelled.cancelled("Ada", after(1)), done.succeeded(after(1))])

    assert await overview.failed_in_vain({HERE}, NOON) == outage


async def test_all_posts_of_a_video_are_found_the_newest_first(store: JobStore, overview: Overview) -> None:
    many = jobs(3)
    await add(store, [*many, a_job(ATTACHMENT)])

    assert await overview.of_source(YOUTUBE.key) == [*reversed(many)]
