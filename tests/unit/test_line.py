"""Rules of telling that the line has moved."""

import asyncio
from collections.abc import AsyncIterator, Iterable

import pytest

from services.jobs.job import Job, Stage
from services.overview import Overview
from services.queue.line import LineWatch
from services.store import JobStore
from tests.builders import NOON, a_job, an_origin


class Listener:
    """Hears who is at the head of the line; `gate` keeps it from coming to an end."""

    def __init__(self) -> None:
        self.heard: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def refresh(self, job_ids: Iterable[str]) -> None:
        self.heard.append(list(job_ids))
        await self.gate.wait()

    async def until(self, times: int) -> None:
        async with asyncio.timeout(5):
            while len(self.heard) < times:
                await asyncio.sleep(0.001)


@pytest.fixture
def listener() -> Listener:
    return Listener()


@pytest.fixture
async def line(store: JobStore, listener: Listener) -> AsyncIterator[LineWatch]:
    watch = LineWatch(Overview(store, "tiny.en"), [listener.refresh], settles_s=0.05)
    yield watch
    await watch.aclose()


async def waiting(store: JobStore, count: int) -> list[Job]:
    jobs = [a_job(origin=an_origin(message_id=number)) for number in range(10, 10 + count)]
    for job in jobs:
        await store.add(job)
    return jobs


async def test_the_first_ten_are_told_once_after_the_line_has_settled(
    store: JobStore, line: LineWatch, listener: Listener
) -> None:
    jobs = await waiting(store, 12)

    for job in jobs[:2]:
        await store.save(job.entering(Stage.PROCESSING, NOON))
        line.notice(job.entering(Stage.PROCESSING, NOON))
    assert listener.heard == []
    await listener.until(1)
    await asyncio.sleep(0.1)

    assert listener.heard == [[job.id for job in jobs[2:]]]

    await store.save(jobs[2].cancelled("Ada", NOON))
    line.notice(jobs[2].cancelled("Ada", NOON))
    await listener.until(2)
    assert listener.heard[1] == [job.id for job in jobs[3:]]


async def test_percents_move_nobody(store: JobStore, line: LineWatch, listener: Listener) -> None:
    [job] = await waiting(store, 1)

    line.notice(job.entering(Stage.PROCESSING, NOON).progressed(0.5))
    await asyncio.sleep(0.1)

    assert listener.heard == []


async def test_a_new_post_may_come_before_those_of_others(store: JobStore, line: LineWatch, listener: Listener) -> None:
    [new, other] = await waiting(store, 2)

    line.notice(new)
    await listener.until(1)

    assert listener.heard == [[new.id, other.id]]


async def test_of_more_than_ten_only_the_head_is_told(store: JobStore, line: LineWatch, listener: Listener) -> None:
    jobs = await waiting(store, 12)

    line.notice(a_job().succeeded(NOON))
    await listener.until(1)

    assert listener.heard == [[job.id for job in jobs[:10]]]


async def test_a_move_while_the_line_is_being_told_is_told_as_well(
    store: JobStore, line: LineWatch, listener: Listener
) -> None:
    [first, second] = await waiting(store, 2)
    listener.gate.clear()
    line.notice(a_job().succeeded(NOON))
    await listener.until(1)

    await store.save(first.entering(Stage.PROCESSING, NOON))
    line.notice(first.entering(Stage.PROCESSING, NOON))
    listener.gate.set()
    await listener.until(2)

    assert listener.heard == [[first.id, second.id], [second.id]]
