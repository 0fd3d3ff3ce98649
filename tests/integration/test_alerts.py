"""Rules of the message that asks a person for help, with the real discord.py against the sandbox's Discord."""

import discord

from cogs.alerts import Alerts
from sandbox.discord.world import DiscordWorld
from services.jobs.job import Job, Stage
from services.store import JobStore
from tests.builders import NOON, a_job, an_origin


def uploading(world: DiscordWorld, message_id: int) -> Job:
    origin = an_origin(message_id=message_id, channel_id=int(world.channel_id("audit-process")))
    return a_job(origin=origin).entering(Stage.UPLOADING, NOON)


def held(job: Job) -> Job:
    return job.held_up("Google Drive is full.", NOON, "Google Drive")


async def tell(alerts: Alerts, store: JobStore, *jobs: Job) -> None:
    for job in jobs:
        await store.add(job)
        await store.save(job)
        alerts.notice(job)
    await alerts.drain()


async def test_of_several_held_up_jobs_and_over_a_restart_there_is_one_alert_until_they_have_passed(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    one, other = uploading(world, 1), uploading(world, 2)

    await tell(Alerts(client, store), store, held(one), held(other))
    restarted = Alerts(client, store)
    await tell(restarted, store, held(one), held(other))
    assert len(world.messages("audit-process")) == 1

    await tell(restarted, store, one.succeeded(NOON), other.succeeded(NOON), held(uploading(world, 3)))
    assert len(world.messages("audit-process")) == 2


async def test_a_bot_that_was_killed_as_the_last_held_up_job_passed_alerts_of_the_provider_again(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    passed = uploading(world, 1)
    await tell(Alerts(client, store), store, held(passed))
    await store.save(passed.succeeded(NOON))  # killed before its alert knew

    await tell(Alerts(client, store), store, held(uploading(world, 2)))

    assert len(world.messages("audit-process")) == 2


async def test_a_job_of_no_known_channel_alerts_nobody_and_keeps_no_other_job_from_it(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    nowhere = a_job(origin=an_origin(message_id=0, channel_id=0)).entering(Stage.UPLOADING, NOON)

    await tell(Alerts(client, store), store, held(nowhere), held(uploading(world, 2)))

    assert len(world.messages("audit-process")) == 1
