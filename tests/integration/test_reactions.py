"""Rules of the reaction, with the real discord.py against the sandbox's Discord."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import discord

from cogs.reactions import Reactions
from sandbox.discord.world import DiscordWorld
from sandbox.server import Fault
from services.jobs.job import Job, Stage
from services.store import JobStore
from tests.builders import ATTACHMENT, NOON, a_job, an_origin, job_of

LINK = "https://youtu.be/dQw4w9WgXcQ"


def stages(job: Job) -> list[Job]:
    return [job, *(job.entering(stage, NOON) for stage in list(Stage)[:5]), job.succeeded(NOON)]


def own_reactions(world: DiscordWorld, message: dict[str, Any]) -> list[str]:
    return list(world.reactions_on(message["id"]))


async def test_the_message_has_one_reaction_at_a_time_and_it_follows(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    reactions = Reactions(client, store)

    for job in stages(job_of(message)):
        reactions.notice(job)
    await reactions.drain()

    log = [(emoji, what) for _, emoji, what in world.reactions_log]
    shown = ["👀", "⬇️", "✍️", "☁️", "✅"]
    assert [emoji for emoji, what in log if what == "add"] == shown
    assert [emoji for emoji, what in log if what == "remove"] == shown[:-1]
    assert log[:3] == [("👀", "add"), ("👀", "remove"), ("⬇️", "add")]


async def test_with_two_videos_the_least_advanced_speaks_and_a_failure_is_said_at_the_end(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    reactions = Reactions(client, store)
    one, other = job_of(message), job_of(message, ATTACHMENT)

    reactions.notice(one)
    reactions.notice(other)
    reactions.notice(one.entering(Stage.DOWNLOADING, NOON))
    reactions.notice(one.failed("gone", NOON))
    await reactions.drain()
    before = own_reactions(world, message)
    reactions.notice(other.entering(Stage.DOWNLOADING, NOON))
    reactions.notice(other.succeeded(NOON))
    await reactions.drain()

    assert before == ["👀"]
    assert own_reactions(world, message) == ["❌"]


async def test_a_reaction_that_an_earlier_run_left_is_replaced(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    earlier = Reactions(client, store)
    earlier.notice(job_of(message).entering(Stage.DOWNLOADING, NOON))
    await earlier.drain()

    later = Reactions(client, store)
    later.notice(job_of(message).succeeded(NOON))
    await later.drain()

    assert own_reactions(world, message) == ["✅"]


async def test_a_deleted_message_stops_the_reports_and_nothing_else(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    deleted, kept = world.post("audit-process", LINK), world.post("audit-process", LINK)
    world.delete(deleted["id"])
    reactions = Reactions(client, store)

    reactions.notice(job_of(deleted))
    reactions.notice(job_of(kept))
    await reactions.drain()

    assert own_reactions(world, kept) == ["👀"]


async def test_a_reaction_is_made_again_until_discord_is_back(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    world.faults.append(Fault("PUT", "reactions", 503, body={"message": "down", "code": 0}, times=2))
    reactions = Reactions(client, store)

    reactions.notice(job_of(message))
    reactions.notice(replace(job_of(message)).entering(Stage.DOWNLOADING, NOON))
    await reactions.drain()

    assert own_reactions(world, message) == ["⬇️"]


async def test_a_video_that_an_edit_brings_after_the_end_shares_the_reaction_of_those_before(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    failed, new = job_of(message).failed("gone", NOON), job_of(message, ATTACHMENT)
    reactions = Reactions(client, store)
    shown = []

    for job in (failed, new, new.entering(Stage.DOWNLOADING, NOON), new.succeeded(NOON)):
        await store.add(job)
        await store.save(job)
        reactions.notice(job)
        await reactions.drain()
        shown.append(own_reactions(world, message))

    assert shown == [["❌"], ["👀"], ["⬇️"], ["❌"]]
    assert await store.ended_since(NOON - timedelta(days=1), without=Reactions.name) == []


async def test_what_a_failed_reaction_left_is_asked_of_discord_and_not_kept_in_mind(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    reactions = Reactions(client, store)
    _, downloading, transcribing, uploading, *_ = stages(job_of(message))[1:]

    reactions.notice(downloading)
    await reactions.drain()
    world.delete(message["id"])
    for job in (transcribing, uploading):
        reactions.notice(job)
    await reactions.drain()

    assert [one.method for one in world.exchanges][-2:] == ["DELETE", "GET"]


async def test_a_video_that_is_tried_again_loses_its_cross(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    failed = job_of(message).entering(Stage.DOWNLOADING, NOON).failed("gone", NOON)
    reactions = Reactions(client, store)
    shown = []

    for job in (failed, failed.retried(NOON), failed.retried(NOON).entering(Stage.DOWNLOADING, NOON)):
        await store.add(job)
        await store.reopen(job)
        reactions.notice(job)
        await reactions.drain()
        shown.append(own_reactions(world, message))

    assert shown == [["❌"], ["👀"], ["⬇️"]]


async def test_the_first_reaction_of_a_new_message_costs_one_request(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    before = len(world.exchanges)
    reactions = Reactions(client, store)

    reactions.notice(job_of(world.post("audit-process", LINK)))
    await reactions.drain()

    assert [one.method for one in world.exchanges[before:]] == ["PUT"]


async def test_where_there_is_no_message_nothing_is_asked_of_discord(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    reactions = Reactions(client, store)
    asked = len(world.exchanges)

    for job in stages(a_job(origin=an_origin(message_id=0))):
        reactions.notice(job)
    await reactions.drain()

    assert len(world.exchanges) == asked
