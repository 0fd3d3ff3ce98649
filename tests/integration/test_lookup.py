"""Rules of which job somebody means, with the real discord.py against the sandbox's Discord."""

from datetime import timedelta

import pytest

from cogs.lookup import Lookup
from cogs.rights import RefusedError, Rights
from sandbox.discord.permissions import Permission
from sandbox.discord.world import DiscordWorld
from services.jobs.job import Job, JobStatus
from services.jobs.source import VideoSource, source_of_link
from services.overview import Overview
from services.store import JobStore
from tests.builders import ATTACHMENT, NOON, YOUTUBE, job_of
from tests.integration.conftest import Ask


@pytest.fixture
def lookup(store: JobStore) -> Lookup:
    return Lookup(store, Overview(store, "tiny.en"), Rights(lambda guild: guild is not None))


async def posted(
    world: DiscordWorld, store: JobStore, *sources: VideoSource, channel: str = "audit-process", minutes: int = 0
) -> list[Job]:
    """Return the jobs of a message."""
    message = world.post(channel, "please audit")
    at = NOON + timedelta(minutes=minutes)
    jobs = [job_of(message, source, created_at=at) for source in sources or (YOUTUBE,)]
    for job in jobs:
        await store.add(job)
    return jobs


async def test_a_video_is_found_by_its_job_by_any_spelling_of_its_link_and_by_its_message(
    world: DiscordWorld, ask: Ask, store: JobStore, lookup: Lookup
) -> None:
    [job] = await posted(world, store)
    await posted(world, store, ATTACHMENT)
    message_id, question = job.origin.message_id, await ask()
    place = f"{world.guild_id}/{job.origin.channel_id}/{message_id}"

    for text in (
        job.id,
        f"  {job.id} ",
        "https://youtu.be/dQw4w9WgXcQ?si=abc",
        "https://m.youtube.com/watch?v=dQw4w9WgXcQ&t=42s",
        f"https://discord.com/channels/{place}",
        f"https://ptb.discord.com/channels/{place}/",
        str(message_id),
    ):
        assert await lookup.find(question, text) == [job], text


async def test_of_several_posts_the_newest_comes_first_and_a_message_has_all_of_its_videos(
    world: DiscordWorld, ask: Ask, store: JobStore, lookup: Lookup
) -> None:
    [old] = await posted(world, store)
    new = await posted(world, store, YOUTUBE, ATTACHMENT, minutes=1)

    assert await lookup.find(await ask(), str(YOUTUBE.url)) == [new[0], old]
    by_message = await lookup.find(await ask(), str(new[0].origin.message_id))
    assert {job.id for job in by_message} == {job.id for job in new}


async def test_another_site_is_found_by_its_link(
    world: DiscordWorld, ask: Ask, store: JobStore, lookup: Lookup
) -> None:
    source = source_of_link("https://videos.example/1?utm_source=x")
    assert source
    [job] = await posted(world, store, source)

    assert await lookup.find(await ask(), "HTTPS://Videos.Example/1") == [job]


@pytest.mark.parametrize(
    "text", ["", "nothing", "1-0123456789", "123456789012345678", "9" * 20, "https://", "%", "all"]
)
async def test_what_names_no_video_is_refused(text: str, ask: Ask, lookup: Lookup) -> None:
    with pytest.raises(RefusedError, match="No such video"):
        await lookup.find(await ask(), text)


async def test_a_video_of_a_channel_that_the_asker_cannot_see_is_neither_found_nor_offered(
    world: DiscordWorld, ask: Ask, store: JobStore, lookup: Lookup
) -> None:
    ada = world.add_member("Ada")
    world.permit("general", user=ada, deny=Permission.VIEW_CHANNEL)
    [seen], [hidden] = await posted(world, store), await posted(world, store, channel="general", minutes=1)
    question = await ask(ada)

    for text in (hidden.id, str(hidden.origin.message_id)):
        with pytest.raises(RefusedError):
            await lookup.find(question, text)
    assert await lookup.find(question, str(YOUTUBE.url)) == [seen]
    assert [one.value for one in await lookup.offered(question, "", list(JobStatus))] == [seen.id]
    assert [one.value for one in await lookup.offered(await ask(), "", list(JobStatus))] == [hidden.id, seen.id]


async def test_no_more_is_offered_than_discord_takes_and_only_what_fits(
    world: DiscordWorld, ask: Ask, store: JobStore, lookup: Lookup
) -> None:
    for minutes in range(30):
        await posted(world, store, minutes=minutes)
    question = await ask()

    assert len(await lookup.offered(question, " youtube ", list(JobStatus))) == 25
    assert await lookup.offered(question, "", [JobStatus.FAILED]) == []
    assert await lookup.offered(question, "vimeo", list(JobStatus)) == []


async def test_where_the_bot_does_not_serve_nothing_is_offered(world: DiscordWorld, ask: Ask, store: JobStore) -> None:
    await posted(world, store)
    lookup = Lookup(store, Overview(store, "tiny.en"), Rights(lambda _: False))

    assert await lookup.offered(await ask(), "", list(JobStatus)) == []
