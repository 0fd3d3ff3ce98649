"""Rules of the pool: who runs, who waits, who shares another's work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from services.jobs.job import Job, JobStatus, Stage
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

    async def run(self, job: Job) -> Job:
        self.ran.append(job.id)
        job = await self.recorder.record(job.entering(Stage.PROCESSING, now()))
        await self.gate.wait()
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
        return await self.recorder.record(job)

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
        while tasks.ran != [running.id]:
            await asyncio.sleep(0.005)

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
        while again.id not in tasks.ran:
            await asyncio.sleep(0.005)
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
