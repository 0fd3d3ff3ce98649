"""Rules of how much of a message is taken, on a real SQLite."""

from collections.abc import Iterable
from dataclasses import replace

from services.admission import Admission, Admitted, Limit, Limits
from services.jobs.job import Job
from services.store import JobStore
from tests.builders import ATTACHMENT, NOON, a_job, an_origin

SECOND = 1000 << 22
"""In Discord's ids."""
EVENING = 10**18


def videos(count: int, *, message_id: int = EVENING, poster: int = 4, first: int = 0) -> list[Job]:
    origin = an_origin(message_id=message_id, author_id=poster)
    return [a_job(replace(ATTACHMENT, video_id=str(number)), origin=origin) for number in range(first, first + count)]


async def take(store: JobStore, limits: Limits, asked: list[Job]) -> Admitted:
    admitted = await Admission(store, limits).of_message(asked)
    await add(store, admitted.jobs)
    return admitted


async def add(store: JobStore, jobs: Iterable[Job]) -> None:
    for job in jobs:
        await store.add(job)


async def test_of_a_message_with_too_many_videos_the_first_ones_are_taken(store: JobStore) -> None:
    asked = videos(200)

    assert await take(store, Limits(), asked) == Admitted(asked[:20], 180, Limit.MESSAGE, 20)


async def test_a_message_that_is_read_again_brings_no_more_than_the_first_time(store: JobStore) -> None:
    asked = videos(5)

    await take(store, Limits(message=3), asked)
    again = await take(store, Limits(message=3), asked)

    assert (again.jobs, again.refused) == ([], 2)


async def test_who_has_many_videos_on_their_way_waits_until_some_have_ended_and_the_others_do_not(
    store: JobStore,
) -> None:
    limits = Limits(poster=3)
    mine = videos(2)
    await take(store, limits, mine)

    more = videos(3, message_id=EVENING + 1, first=2)
    assert await take(store, limits, more) == Admitted(more[:1], 2, Limit.POSTER, 3)
    assert (await take(store, limits, videos(3, message_id=EVENING + 2, poster=5))).refused == 0

    await store.save(mine[0].failed("gone", NOON))
    assert len((await take(store, limits, videos(3, message_id=EVENING + 3, first=5))).jobs) == 1


async def test_a_minute_is_reckoned_by_when_the_messages_were_posted(store: JobStore) -> None:
    limits = Limits(minute=3)
    calm = [videos(1, message_id=EVENING + number * 30 * SECOND, first=number) for number in range(8)]
    hasty = videos(3, message_id=EVENING + 211 * SECOND, first=8)

    for asked in calm:  # all at once, as after a night without the bot
        assert (await take(store, limits, asked)).refused == 0
    assert await take(store, limits, hasty) == Admitted(hasty[:1], 2, Limit.MINUTE, 3)


async def test_a_person_who_points_at_a_message_gets_the_next_of_its_videos(store: JobStore) -> None:
    admission, asked = Admission(store, Limits(message=20, minute=20)), videos(45)
    await add(store, (await admission.of_message(asked)).jobs)

    for rest, taken in ((5, asked[20:40]), (0, asked[40:]), (0, [])):
        again = await admission.of_message_again(asked)
        await add(store, again.jobs)
        assert (again.jobs, again.refused) == (taken, rest)


async def test_pointing_at_a_message_is_no_way_around_the_limit_of_videos_on_their_way(store: JobStore) -> None:
    admission, asked = Admission(store, Limits(message=20, poster=25)), videos(45)
    await add(store, (await admission.of_message(asked)).jobs)

    again = await admission.of_message_again(asked)

    assert (again.jobs, again.refused, again.limit) == (asked[20:25], 20, Limit.POSTER)
