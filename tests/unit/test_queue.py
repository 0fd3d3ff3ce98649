"""Rules of the pool: who runs, who waits, who shares another's work."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest

from services.jobs.job import Artifacts, Job, JobStatus, Stage
from services.overview import Overview
from services.queue.local import LocalQueue
from services.recorder import Recorder
from services.store import JobStore
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, an_origin, finished_artifacts


def now() -> datetime:
    return datetime.now(timezone.utc)


@dataclass
class FakeTasks:
    """Runs jobs; `outcomes` has what becomes of a job's next runs, the last for all that follow."""

    recorder: Recorder
    outcomes: dict[str, list[str]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    gates: dict[str, asyncio.Event] = field(default_factory=dict)
    """Those of single jobs."""
    lingers: asyncio.Event | None = None
    """What a run waits for when its end is recorded."""

    async def until_ran(self, job: Job) -> None:
        """Wait until a job's run has begun."""
        async with asyncio.timeout(10):
            while job.id not in self.ran:
                await asyncio.sleep(0.005)

    async def run(self, job: Job) -> Job:
        self.ran.append(job.id)
        job = await self.recorder.record(job.entering(Stage.PROCESSING, now()))
        await self.gates.get(job.id, self.gate).wait()
        outcomes = self.outcomes.get(job.id, ["succeed"])
        match outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]:
            case "fail":
                job = job.failed("gone", now())
            case "wait":
                job = job.postponed("busy", now(), now() + timedelta(seconds=0.01))
            case "far":
                job = replace(job, stage=Stage.COMPLETE).postponed("busy", now(), now() + timedelta(hours=1))
            case "hold":
                job = job.held_up("renew the token", now(), "Notion")
            case _:
                job = job.succeeded(now())
        job = await self.recorder.record(job)
        if self.lingers:
            await self.lingers.wait()
        return job

    async def cancel(self, job: Job, by: str) -> Job:
        return await self.recorder.record(job.cancelled(by, now()))


@asynccontextmanager
async def a_pool(
    store: JobStore, outcomes: dict[str, list[str]] | None = None, workers: int = 1
) -> AsyncIterator[tuple[LocalQueue, FakeTasks]]:
    recorder = Recorder(store)
    queue = LocalQueue(recorder, workers=workers, clock=now, probe_s=0.01)
    recorder.tell_also(queue)
    tasks = FakeTasks(recorder, outcomes or {})
    serving = asyncio.create_task(queue.serve(tasks.run, tasks.cancel))
    yield queue, tasks
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def ended(store: JobStore, *jobs: Job) -> list[Job]:
    async with asyncio.timeout(10):
        while True:
            found = [await store.get(job.id) for job in jobs]
            if all(job.has_ended for job in found):
                return found
            await asyncio.sleep(0.005)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def posts(count: int, start: int = 10) -> list[Job]:
    return [
        a_job(
            replace(ATTACHMENT, video_id=str(n)), origin=an_origin(message_id=n), created_at=NOON + timedelta(seconds=n)
        )
        for n in range(start, start + count)
    ]


async def test_jobs_run_in_the_order_of_their_posting(store: JobStore) -> None:
    jobs = posts(5)
    async with a_pool(store) as (queue, tasks):
        tasks.gate.set()
        await queue.submit(jobs)
        await ended(store, *jobs)

    assert tasks.ran == [job.id for job in jobs]


async def test_a_job_that_is_submitted_twice_runs_once(store: JobStore) -> None:
    job = a_job()
    async with a_pool(store) as (queue, tasks):
        tasks.gate.set()
        assert await queue.submit([job]) == [job]
        assert await queue.submit([job]) == []
        await ended(store, job)
        assert await queue.submit([job]) == []

    assert tasks.ran == [job.id]


async def test_a_postponed_job_is_tried_again_and_its_worker_is_free_meanwhile(store: JobStore) -> None:
    flaky, other = posts(2)
    async with a_pool(store, {flaky.id: ["wait", "wait", "succeed"]}) as (queue, tasks):
        tasks.gate.set()
        await queue.submit([flaky, other])
        await ended(store, flaky, other)

    assert tasks.ran.count(flaky.id) == 3
    assert tasks.ran[:2] == [flaky.id, other.id]


async def test_a_postponed_job_is_woken_when_what_its_stage_waits_for_is_back(store: JobStore) -> None:
    jobs = posts(2)
    far = now() + timedelta(hours=1)
    for job, stage in zip(jobs, (Stage.COMPLETE, Stage.DOWNLOADING), strict=True):
        await store.add(job.entering(stage, NOON).postponed("Notion is busy.", NOON, far))
    async with a_pool(store) as (queue, tasks):
        tasks.gate.set()
        await queue.restore()
        queue.wake(Stage.COMPLETE)
        await ended(store, jobs[0])

    assert tasks.ran == [jobs[0].id]


async def test_a_job_is_woken_once_so_that_its_tries_are_not_used_up(store: JobStore) -> None:
    [job] = posts(1)
    far = now() + timedelta(hours=1)
    await store.add(job.entering(Stage.COMPLETE, NOON).postponed("Notion is busy.", NOON, far))
    async with a_pool(store, {job.id: ["far"]}) as (queue, tasks):
        tasks.gate.set()
        await queue.restore()
        for _ in range(3):
            queue.wake(Stage.COMPLETE)
            await asyncio.sleep(0.1)

    assert tasks.ran == [job.id]


async def test_jobs_that_an_operator_must_free_go_on_by_themselves_once_one_has_passed(store: JobStore) -> None:
    jobs = posts(3)
    outcomes = {jobs[0].id: ["hold", "hold", "succeed"]} | {job.id: ["hold", "succeed"] for job in jobs[1:]}
    async with a_pool(store, outcomes) as (queue, tasks):
        tasks.gate.set()
        await queue.submit(jobs)
        await ended(store, *jobs)

    assert [tasks.ran.count(job.id) for job in jobs] == [3, 2, 2]  # one tries for all


async def test_a_video_that_can_never_pass_does_not_keep_the_others_waiting(store: JobStore) -> None:
    too_big, *others = posts(3)
    async with a_pool(store, {too_big.id: ["hold"]} | {job.id: ["hold", "succeed"] for job in others}) as (
        queue,
        tasks,
    ):
        tasks.gate.set()
        await queue.submit([too_big, *others])
        await ended(store, *others)


async def test_a_cancelled_job_ends_wherever_it_is_and_leaves_the_others_alone(store: JobStore) -> None:
    running, waiting, other = posts(3)
    async with a_pool(store) as (queue, tasks):
        await queue.submit([running, waiting, other])
        await tasks.until_ran(running)

        assert await queue.cancel(waiting.id, "Ada")
        assert await queue.cancel(running.id, "Ada")
        tasks.gate.set()
        first, second, third = await ended(store, running, waiting, other)
        assert not await queue.cancel(other.id, "Ada")

    assert [job.status for job in (first, second, third)] == [
        JobStatus.CANCELLED,
        JobStatus.CANCELLED,
        JobStatus.SUCCEEDED,
    ]
    assert first.error == "cancelled by Ada"
    assert waiting.id not in tasks.ran


def repost_of(job: Job) -> Job:
    return a_job(job.source, origin=an_origin(message_id=99), created_at=job.created_at + timedelta(hours=1))


async def test_a_repost_of_a_finished_video_shares_what_is_there_without_waiting_for_a_worker(
    store: JobStore, tmp_path: Path
) -> None:
    done = a_job(YOUTUBE, artifacts=replace(finished_artifacts(tmp_path), page_url="https://notion/first"))
    await store.add(done)
    await store.save(done.succeeded(NOON))
    blocker, again = posts(1)[0], repost_of(done)
    async with a_pool(store) as (queue, tasks):
        await queue.submit([blocker])
        await queue.submit([again])
        await tasks.until_ran(again)
        tasks.gate.set()
        [shared] = await ended(store, again)

    assert shared.artifacts.transcript == done.artifacts.transcript
    assert shared.artifacts.stored == done.artifacts.stored
    assert shared.artifacts.first_page_url == "https://notion/first"
    assert shared.repost_of == done.id


async def test_a_repost_of_a_running_video_ends_with_it(store: JobStore) -> None:
    first = a_job(YOUTUBE)
    again = repost_of(first)
    async with a_pool(store, workers=2) as (queue, tasks):
        await queue.submit([first])
        await queue.submit([again])
        assert (await store.get(again.id)).repost_of == first.id
        tasks.gate.set()
        await ended(store, first, again)

    assert tasks.ran == [first.id, again.id]


async def test_a_repost_of_a_video_that_then_fails_fails_with_it(store: JobStore) -> None:
    first = a_job(YOUTUBE)
    again = repost_of(first)
    async with a_pool(store, {first.id: ["fail"]}) as (queue, tasks):
        await queue.submit([first])
        await queue.submit([again])
        tasks.gate.set()
        _, with_it = await ended(store, first, again)

    assert (with_it.status, with_it.error) == (JobStatus.FAILED, "gone")
    assert tasks.ran == [first.id]


async def test_a_repost_takes_over_when_the_first_is_cancelled(store: JobStore) -> None:
    first = a_job(YOUTUBE)
    again = repost_of(first)
    async with a_pool(store) as (queue, tasks):
        await queue.submit([first])
        await queue.submit([again])
        await queue.cancel(first.id, "Ada")
        tasks.gate.set()
        _, other = await ended(store, first, again)

    assert other.status is JobStatus.SUCCEEDED
    assert other.repost_of is None


async def test_after_a_restart_unfinished_jobs_go_on(store: JobStore) -> None:
    queued, running, waiting, held = posts(4)
    states = [
        queued,
        running.entering(Stage.DOWNLOADING, NOON),
        waiting.postponed("busy", NOON, now() + timedelta(seconds=0.01)),
        held.held_up("renew it", NOON, "Notion"),
    ]
    for job in states:
        await store.add(job)
    async with a_pool(store) as (queue, tasks):
        tasks.gate.set()
        await queue.restore()
        found = await ended(store, *states)

    assert {job.status for job in found} == {JobStatus.SUCCEEDED}
    assert sorted(tasks.ran) == sorted(job.id for job in states)


async def test_what_failed_or_was_cancelled_is_tried_again_and_nothing_else(store: JobStore) -> None:
    failed, cancelled, done, running, waiting = posts(5)
    for job in (failed.failed("gone", NOON), cancelled.cancelled("Ada", NOON), done.succeeded(NOON)):
        await store.add(job)
    async with a_pool(store) as (queue, tasks):
        await queue.submit([running, waiting])
        await tasks.until_ran(running)

        assert [await queue.retry(job.id) for job in (failed, cancelled)] == [True, True]
        assert [await queue.retry(job.id) for job in (done, running, waiting, failed)] == [False] * 4
        tasks.gate.set()
        ends = await ended(store, failed, cancelled, running, waiting)

    assert {job.status for job in ends} == {JobStatus.SUCCEEDED}
    assert tasks.ran == [running.id, waiting.id, failed.id, cancelled.id]


async def test_an_unknown_job_cannot_be_tried_again(store: JobStore) -> None:
    async with a_pool(store) as (queue, _):
        with pytest.raises(KeyError):
            await queue.retry("nobody")


async def test_of_two_who_retry_a_job_at_once_one_is_too_late(store: JobStore) -> None:
    [job] = posts(1)
    await store.add(job.failed("gone", NOON))
    async with a_pool(store, workers=2) as (queue, tasks):
        assert sorted(await asyncio.gather(queue.retry(job.id), queue.retry(job.id))) == [False, True]
        tasks.gate.set()
        await ended(store, job)

    assert tasks.ran == [job.id]


async def test_two_who_cancel_a_waiting_job_at_once_are_both_answered(store: JobStore) -> None:
    blocker, job = posts(2)
    async with a_pool(store) as (queue, _):
        await queue.submit([blocker, job])

        assert True in await asyncio.gather(queue.cancel(job.id, "Ada"), queue.cancel(job.id, "Bob"))
        assert (await store.get(job.id)).status is JobStatus.CANCELLED


async def test_an_ended_job_is_done_anew_from_the_start_and_one_on_its_way_is_not(
    store: JobStore, tmp_path: Path
) -> None:
    running, *others = posts(4)
    one, two, three = (replace(job, artifacts=finished_artifacts(tmp_path)) for job in others)
    for job in (one.succeeded(NOON), two.failed("gone", NOON), three.cancelled("Ada", NOON)):
        await store.add(job)
    async with a_pool(store) as (queue, tasks):
        await queue.submit([running])
        await tasks.until_ran(running)

        assert not await queue.reprocess(running.id)
        assert all([await queue.reprocess(job.id) for job in others])
        assert [(await store.get(job.id)).artifacts for job in others] == [Artifacts()] * 3
        tasks.gate.set()
        await ended(store, running, *others)

    assert tasks.ran == [running.id, *(job.id for job in others)]


async def test_a_repost_that_is_done_anew_is_not_answered_by_the_earlier_post(store: JobStore, tmp_path: Path) -> None:
    first = a_job(YOUTUBE, artifacts=finished_artifacts(tmp_path))
    again = repost_of(first)
    await store.add(first)
    await store.save(first.succeeded(NOON))
    async with a_pool(store) as (queue, tasks):
        tasks.gate.set()
        await queue.submit([again])
        [shared] = await ended(store, again)
        await queue.reprocess(again.id)
        [anew] = await ended(store, again)

    assert shared.repost_of == first.id
    assert (anew.repost_of, anew.artifacts) == (None, Artifacts())


async def test_a_job_that_is_retried_just_as_it_ends_is_not_dropped(store: JobStore) -> None:
    [job] = posts(1)
    async with a_pool(store, {job.id: ["fail", "succeed"]}, workers=2) as (queue, tasks):
        tasks.lingers = asyncio.Event()
        tasks.gate.set()
        await queue.submit([job])
        await ended(store, job)

        assert await queue.retry(job.id)
        await asyncio.sleep(0.1)  # the other worker has come upon it by now
        tasks.lingers.set()
        [again] = await ended(store, job)

    assert again.status is JobStatus.SUCCEEDED
    assert tasks.ran == [job.id, job.id]


async def test_a_job_that_stands_in_line_twice_runs_once_and_keeps_no_second_worker_busy(store: JobStore) -> None:
    blockers, [twice, other] = posts(2), posts(2, start=20)
    async with a_pool(store, workers=2) as (queue, tasks):
        await queue.submit([*blockers, twice])
        await tasks.until_ran(blockers[1])
        await queue.cancel(twice.id, "Ada")
        await queue.retry(twice.id)
        await queue.submit([other])
        held = tasks.gates[twice.id] = asyncio.Event()
        tasks.gate.set()
        await ended(store, other)
        held.set()
        await ended(store, twice)

    assert tasks.ran.count(twice.id) == 1


async def test_after_a_restart_the_line_is_as_it_was_with_who_was_taken_up_again_at_its_end(store: JobStore) -> None:
    again, *others = posts(3)
    await store.add(again.failed("gone", NOON))
    for job in reversed(others):
        await store.add(job)
    await store.reopen(again.failed("gone", NOON).retried(NOON + timedelta(hours=1)))
    async with a_pool(store) as (queue, tasks):
        tasks.gate.set()
        await queue.restore()
        await ended(store, again, *others)

    assert tasks.ran == [others[0].id, others[1].id, again.id]


async def test_a_repost_that_a_restart_finds_in_line_is_answered_once_the_pool_serves(
    store: JobStore, tmp_path: Path
) -> None:
    first, repost = (
        a_job(YOUTUBE, origin=an_origin(message_id=n), created_at=NOON + timedelta(seconds=n)) for n in (1, 2)
    )
    for job in (replace(first, artifacts=finished_artifacts(tmp_path)).succeeded(NOON), repost):
        await store.add(job)
    recorder = Recorder(store)
    queue = LocalQueue(recorder, workers=1, clock=now)
    recorder.tell_also(queue)
    tasks = FakeTasks(recorder)
    tasks.gate.set()

    await queue.restore()
    await asyncio.sleep(0.05)  # whatever runs too early has run now
    serving = asyncio.create_task(queue.serve(tasks.run, tasks.cancel))
    [done] = await ended(store, repost)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)

    assert done.status is JobStatus.SUCCEEDED


async def test_a_job_whose_repost_has_succeeded_shares_what_that_made_when_it_is_retried(
    store: JobStore, tmp_path: Path
) -> None:
    first, repost = (
        a_job(YOUTUBE, origin=an_origin(message_id=n), created_at=NOON + timedelta(seconds=n)) for n in (1, 2)
    )
    await store.add(first.failed("gone", NOON))
    await store.add(replace(repost, artifacts=finished_artifacts(tmp_path)).succeeded(NOON))
    async with a_pool(store) as (queue, tasks):
        tasks.gate.set()
        await queue.retry(first.id)
        [done] = await ended(store, first)

    assert done.artifacts.stored is not None
    assert done.repost_of == repost.id


async def test_a_job_that_waits_is_not_tried_early_because_it_stands_in_line_twice(store: JobStore) -> None:
    [busy, job] = posts(2)
    async with a_pool(store, {job.id: ["far"]}) as (queue, tasks):
        await queue.submit([busy, job])
        await until(lambda: tasks.ran == [busy.id])
        await queue.cancel(job.id, by="Ada")
        await queue.retry(job.id)  # its first place in line is there, too
        tasks.gate.set()
        await until(lambda: tasks.ran == [busy.id, job.id])
        await asyncio.sleep(0.05)  # a second run would begin at once

        assert tasks.ran == [busy.id, job.id]


async def test_a_pool_that_stops_while_a_cancel_unwinds_stops(store: JobStore) -> None:
    [job] = posts(1)
    async with a_pool(store) as (queue, tasks):
        await queue.submit([job])
        await until(lambda: tasks.ran == [job.id])
        await queue.cancel(job.id, by="Ada")

    assert (await store.get(job.id)).status in (JobStatus.CANCELLED, JobStatus.RUNNING)


def posts_of(poster: int, count: int, start: int) -> list[Job]:
    return [replace(job, origin=replace(job.origin, author_id=poster)) for job in posts(count, start)]


async def test_posters_take_turns_and_each_one_s_oldest_is_first(store: JobStore) -> None:
    flood, seldom, third = posts_of(1, 4, 10), posts_of(2, 2, 20), posts_of(3, 1, 30)
    async with a_pool(store) as (queue, tasks):
        for jobs in (flood, seldom, third):
            await queue.submit(jobs)
        order = await Overview(store, "").first_in_line(9)
        tasks.gate.set()
        await ended(store, *flood, *seldom, *third)

    first, second = (flood[0], seldom[0], third[0]), (flood[1], seldom[1])
    assert tasks.ran == [job.id for job in (*first, *second, *flood[2:])]
    assert tasks.ran[-len(order) :] == order, "the ledger shows another line than the one that is served"


async def test_who_posts_one_after_the_other_does_not_hold_up_who_posted_many(store: JobStore) -> None:
    flood, seldom = posts_of(1, 6, 10), posts_of(2, 6, 20)
    async with a_pool(store) as (queue, tasks):
        await queue.submit([*flood, seldom[0]])
        tasks.gates = {job.id: asyncio.Event() for job in seldom}
        tasks.gate.set()
        for job, following in pairwise(seldom):
            await tasks.until_ran(job)
            await queue.submit([following])
            tasks.gates[job.id].set()
        tasks.gates[seldom[-1].id].set()
        await ended(store, *flood, *seldom)

    assert [int(job_id[0]) for job_id in tasks.ran] == [1, 2] * 6


async def test_a_restart_and_a_pause_keep_the_turns(store: JobStore) -> None:
    flood, seldom, late = posts_of(1, 3, 10), posts_of(2, 2, 20), posts_of(1, 2, 30)
    async with a_pool(store, workers=0) as (queue, _):
        await queue.submit(flood)
        await queue.submit(seldom)
    async with a_pool(store) as (queue, tasks):
        await queue.restore()
        tasks.gate.set()
        await ended(store, *flood, *seldom)
    async with a_pool(store) as (queue, again):
        again.gate.set()
        await queue.submit(late)
        await ended(store, *late)

    assert tasks.ran == [job.id for job in (flood[0], seldom[0], flood[1], seldom[1], flood[2])]
    assert again.ran == [job.id for job in late]


async def test_all_flows_are_one_poster(store: JobStore) -> None:
    flows = [
        replace(job, page_id=str(number), origin=an_origin(message_id=0, author_id=0))
        for number, job in enumerate(posts(3))
    ]
    person = posts_of(2, 1, 20)
    async with a_pool(store) as (queue, tasks):
        await queue.submit(flows)
        await queue.submit(person)
        tasks.gate.set()
        await ended(store, *flows, *person)

    assert tasks.ran == [job.id for job in (flows[0], *person, *flows[1:])]


async def test_who_retries_stands_behind_his_own_turn_and_not_before_others(store: JobStore) -> None:
    own, other = posts_of(1, 3, 10), posts_of(2, 1, 20)
    async with a_pool(store, {own[0].id: ["fail", "succeed"]}) as (queue, tasks):
        await queue.submit(own)
        await tasks.until_ran(own[0])
        tasks.gates[own[1].id] = asyncio.Event()
        tasks.gate.set()
        await ended(store, own[0])
        await queue.retry(own[0].id)
        await queue.submit(other)
        tasks.gates[own[1].id].set()
        await ended(store, *own, *other)

    assert tasks.ran == [job.id for job in (own[0], own[1], *other, own[2], own[0])]
