"""Rules of the line that several processes share, on a real Postgres. Each crew stands for a process."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone

import psycopg
import pytest

from services.feed import Feed
from services.jobs.job import Job, JobStatus, Stage
from services.overview import Overview
from services.queue.crew import Crew
from services.queue.entries import Entries, Entry
from services.queue.postgres import PostgresQueue
from services.recorder import Recorder
from services.store import JobStore, TakenOverError, open_store
from tests.builders import ATTACHMENT, NOON, a_job, an_origin

SILENT_S = 1.0


def now() -> datetime:
    return datetime.now(timezone.utc)


def sqlalchemy_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@dataclass
class Process:
    """One of those that run jobs; `gate` lets its runs end."""

    name: str
    store: JobStore
    entries: Entries
    feed: Feed
    recorder: Recorder
    ran: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def crew(self, workers: int = 1, silent_s: float = SILENT_S) -> Crew:
        return Crew(
            self.entries,
            self.store,
            name=self.name,
            workers=workers,
            silent_s=silent_s,
            clock=now,
            clear=self._clear,
            disown=lambda _: None,
        )

    async def run(self, job: Job) -> Job:
        self.ran.append(job.id)
        job = await self.recorder.record(job.entering(Stage.PROCESSING, now()))
        self.begun.set()
        await self.gate.wait()
        return await self.recorder.record(job.succeeded(now()))

    async def cancel(self, job: Job, by: str) -> Job:
        return await self.recorder.record(job.cancelled(by, now()))

    async def _clear(self, job: Job) -> None:
        self.cleared.append(job.id)


@asynccontextmanager
async def a_process(url: str, name: str) -> AsyncIterator[Process]:
    async with (
        aclosing(await open_store(sqlalchemy_url(url), name)) as store,
        Entries(url) as entries,
    ):
        await entries.make_tables()
        yield Process(name, store, entries, Feed(url, store, name), Recorder(store))


@asynccontextmanager
async def a_bot(url: str, workers: int = 0) -> AsyncIterator[tuple[PostgresQueue, Process]]:
    async with a_process(url, "bot") as process:
        crew = process.crew(workers) if workers else None
        queue = PostgresQueue(
            process.recorder,
            process.entries,
            crew,
            name="bot",
            clock=now,
            probe_s=0.01,
            followers=[],
            disown=lambda _: None,
        )
        process.recorder.tell_also(queue)
        async with running(process.feed.follow(queue.hear, queue.restore), queue.serve(process.run, process.cancel)):
            await process.feed.listens.wait()
            yield queue, process


@asynccontextmanager
async def a_worker(
    url: str, name: str = "worker", workers: int = 1, silent_s: float = SILENT_S
) -> AsyncIterator[Process]:
    async with a_process(url, name) as process:
        crew = process.crew(workers, silent_s)
        async with running(process.feed.follow(crew.hear), crew.serve(process.run)):
            await process.feed.listens.wait()
            yield process


@asynccontextmanager
async def running(*services: object) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(service) for service in services]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def ended(store: JobStore, *jobs: Job) -> list[Job]:
    async with asyncio.timeout(10):
        while not all(job.has_ended for job in [await store.get(job.id) for job in jobs]):
            await asyncio.sleep(0.01)
    return [await store.get(job.id) for job in jobs]


def posts(count: int, start: int = 10) -> list[Job]:
    return [
        a_job(
            replace(ATTACHMENT, video_id=str(n)), origin=an_origin(message_id=n), created_at=NOON + timedelta(seconds=n)
        )
        for n in range(start, start + count)
    ]


class Ear:
    def __init__(self) -> None:
        self.heard: list[Job] = []

    def notice(self, job: Job) -> None:
        self.heard.append(job)


async def test_a_job_is_run_by_a_worker_at_once_and_the_bot_hears_of_all_that_becomes_of_it(database_url: str) -> None:
    [job], ear = posts(1), Ear()
    async with a_bot(database_url) as (queue, bot), a_worker(database_url) as worker:
        queue._followers.append(ear)
        worker.gate.set()

        async with asyncio.timeout(3):
            assert await queue.submit([job]) == [job]
            await worker.begun.wait()
        await ended(bot.store, job)
        await until(lambda: len(ear.heard) == 3)

    assert [one.status for one in ear.heard] == [JobStatus.QUEUED, JobStatus.RUNNING, JobStatus.SUCCEEDED]


async def test_of_several_processes_each_job_is_run_by_one(database_url: str) -> None:
    jobs = posts(12)
    async with (
        a_bot(database_url, workers=1) as (queue, bot),
        a_worker(database_url, "first", 2) as first,
        a_worker(database_url, "second", 2) as second,
    ):
        for process in (bot, first, second):
            process.gate.set()
        await queue.submit(jobs)
        await queue.submit(jobs)
        await ended(bot.store, *jobs)

        assert sorted(bot.ran + first.ran + second.ran) == sorted(job.id for job in jobs)
        assert not await bot.entries.all()


async def test_what_a_silent_process_had_is_done_by_another_and_its_own_words_no_longer_count(
    database_url: str,
) -> None:
    [job] = posts(1)
    async with a_bot(database_url) as (queue, bot), a_worker(database_url, "silent", silent_s=1000) as silent:
        await queue.submit([job])
        await silent.begun.wait()
        held = await bot.store.get(job.id)
        async with a_worker(database_url, "other") as other:
            await other.begun.wait()
            with pytest.raises(TakenOverError):
                await silent.store.save(held.succeeded(now()))
            silent.gate.set()
            other.gate.set()
            [done] = await ended(bot.store, job)

    assert (done.status, done.holder) == (JobStatus.SUCCEEDED, "other")
    assert [run.error for run in done.stage_runs] == ["interrupted by a restart", None]


async def test_a_job_that_is_cancelled_ends_at_once_and_whoever_runs_it_lets_go(database_url: str) -> None:
    running, waiting = posts(2)
    async with a_bot(database_url) as (queue, bot), a_worker(database_url) as worker:
        await queue.submit([running, waiting])
        await worker.begun.wait()

        assert await queue.cancel(running.id, by="Mo")
        assert await queue.cancel(waiting.id, by="Mo")
        assert not await queue.cancel(waiting.id, by="Mo")

        found = [await bot.store.get(job.id) for job in (running, waiting)]
        assert [(job.status, job.error) for job in found] == [(JobStatus.CANCELLED, "cancelled by Mo")] * 2
        await until(lambda: running.id in worker.cleared)
        worker.gate.set()
        assert await queue.retry(running.id)
        await ended(bot.store, running)
        assert worker.ran.count(running.id) == 2


@pytest.mark.parametrize("name", ["a worker", "bot"])
async def test_a_job_that_begins_in_the_very_moment_in_which_it_is_cancelled_is_cancelled(
    database_url: str, name: str
) -> None:
    [job] = posts(1)
    async with a_bot(database_url) as (queue, bot):
        await queue.submit([job])
        begun: list[Job | None] = []

        async def begins_meanwhile(job: Job, by: str) -> Job:
            if not begun:
                begun.append(await bot.store.take(job.id, name, lambda job: job))
            return await bot.cancel(job, by)

        queue._cancel = begins_meanwhile

        assert await queue.cancel(job.id, by="Mo")
        assert begun[0]
        with pytest.raises(TakenOverError):
            await bot.store.save(begun[0].entering(Stage.PROCESSING, now()))
        assert (await bot.store.get(job.id)).status is JobStatus.CANCELLED


def posts_of(poster: int, count: int, start: int) -> list[Job]:
    return [replace(job, origin=replace(job.origin, author_id=poster)) for job in posts(count, start)]


def line(url: str) -> list[str]:
    """Return the ids of the jobs that stand in line, as Procrastinate takes them."""
    with psycopg.connect(url) as database:
        entries = "SELECT lock FROM procrastinate_jobs WHERE status = 'todo' ORDER BY priority DESC, id"
        return [job_id for (job_id,) in database.execute(entries)]


async def test_posters_take_turns_and_who_retries_stands_behind_his_own(database_url: str) -> None:
    flood, seldom = posts_of(1, 4, 10), posts_of(2, 2, 20)
    async with a_bot(database_url) as (queue, bot):
        await queue.submit(flood)
        await queue.submit(seldom)
        in_turns = [job.id for job in (flood[0], seldom[0], flood[1], seldom[1], *flood[2:])]
        await until(lambda: line(database_url) == in_turns)
        assert await Overview(bot.store, "").first_in_line(9) == in_turns

        await queue.cancel(flood[0].id, by="Mo")
        await queue.retry(flood[0].id)
        in_turns = [*in_turns[1:], flood[0].id]
        await until(lambda: line(database_url) == in_turns)
        async with a_worker(database_url) as worker:
            worker.gate.set()
            await ended(bot.store, *flood, *seldom)

    assert worker.ran == in_turns


async def test_a_process_that_stops_gives_back_what_it_had(database_url: str) -> None:
    [job] = posts(1)
    async with a_bot(database_url) as (queue, bot):
        async with a_worker(database_url, "first") as first:
            await queue.submit([job])
            await first.begun.wait()
        async with a_worker(database_url, "second") as second:
            second.gate.set()
            await ended(bot.store, job)

    assert second.ran == [job.id]


async def test_a_job_that_was_stored_but_never_stood_in_line_is_found_by_the_next_bot(database_url: str) -> None:
    [job] = posts(1)
    async with a_process(database_url, "killed") as killed:
        await killed.store.add(job)
    async with a_bot(database_url) as (queue, bot), a_worker(database_url) as worker:
        worker.gate.set()
        assert await queue.restore() == [job]
        await ended(bot.store, job)


async def test_an_entry_that_was_left_behind_does_not_run_a_job_before_its_time(database_url: str) -> None:
    first, second = posts(2)
    async with a_bot(database_url) as (_, bot), a_worker(database_url) as worker:
        worker.gate.set()
        tried = first.entering(Stage.PROCESSING, now()).postponed("busy", now(), now() + timedelta(hours=1))
        await bot.store.add(tried)
        await bot.store.add(second)
        await bot.entries.add([Entry(first.id, runs=0), Entry(second.id, runs=0)])
        await ended(bot.store, second)

    assert worker.ran == [second.id]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_database_that_drops_all_connections_stops_nobody(database_url: str) -> None:
    before, after = posts(2)
    async with a_bot(database_url) as (queue, bot), a_worker(database_url) as worker:
        worker.gate.set()
        await queue.submit([before])
        await ended(bot.store, before)
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as admin:
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        await queue.submit([after])
        await ended(bot.store, after)
