"""Rules of who may open a page now."""

import asyncio
from dataclasses import replace

from services.jobs.job import Job
from services.pipeline.openings import Openings
from tests.builders import a_job, an_origin


class Pages:
    """Opens pages, each when it is told to."""

    def __init__(self) -> None:
        self.openings = Openings()
        self.begun: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}

    async def open(self, job: Job) -> None:
        async with self.openings.turn(job):
            self.begun.append(job.id)
            await self.gates.setdefault(job.id, asyncio.Event()).wait()


def jobs(count: int) -> list[Job]:
    return [replace(a_job(origin=an_origin(message_id=number)), turn=number) for number in range(10, 10 + count)]


async def test_of_those_who_wait_one_at_a_time_opens_in_the_order_of_the_line() -> None:
    pages, many = Pages(), jobs(4)
    async with asyncio.TaskGroup() as group:
        for job in (many[1], many[3], many[2], many[0]):
            group.create_task(pages.open(job))
        for number, job in enumerate((many[1], many[0], *many[2:])):  # the first to come found nobody else
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert pages.begun[number:] == [job.id]
            pages.gates[job.id].set()
            await asyncio.sleep(0)


async def test_a_job_whose_work_begins_opens_at_once_and_takes_nobodys_turn() -> None:
    pages, many = Pages(), jobs(3)
    async with asyncio.TaskGroup() as group:
        for job in many:
            group.create_task(pages.open(job))
        await asyncio.sleep(0)
        pages.openings.hurry(many[2].id)
        await asyncio.sleep(0)
        assert pages.begun == [many[0].id, many[2].id]

        pages.gates[many[2].id].set()
        await asyncio.sleep(0.01)
        assert pages.begun == [many[0].id, many[2].id]

        pages.gates[many[0].id].set()
        await asyncio.sleep(0.01)
        assert pages.begun[2:] == [many[1].id]
        pages.gates[many[1].id].set()


async def test_one_who_is_given_up_leaves_its_turn_to_the_next() -> None:
    pages, many = Pages(), jobs(3)
    tasks = [asyncio.create_task(pages.open(job)) for job in many]
    await asyncio.sleep(0)
    for task in tasks[:2]:
        task.cancel()
    await asyncio.sleep(0.01)

    assert pages.begun == [many[0].id, many[2].id]
    pages.gates[many[2].id].set()
    await tasks[2]
