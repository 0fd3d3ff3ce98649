"""Rules of the reaction and the reply, with the real discord.py against the sandbox's Discord."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import discord
import pytest
from discord.http import Route

from cogs.progress import Progress
from sandbox.discord.world import DiscordWorld
from sandbox.server import Fault
from services.jobs.job import Job, Stage
from services.store import JobStore, open_store
from tests.builders import ATTACHMENT, NOON, YOUTUBE, a_job, an_origin

LINK = "https://youtu.be/dQw4w9WgXcQ"


@pytest.fixture
async def world() -> AsyncIterator[DiscordWorld]:
    world = DiscordWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
async def client(world: DiscordWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[discord.Client]:
    """Logged in; nothing here needs the gateway."""
    monkeypatch.setattr(Route, "BASE", world.api_url)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(world.token)
        yield client


def job_of(message: dict[str, Any], source: Any = YOUTUBE) -> Job:
    return a_job(source, origin=an_origin(message_id=int(message["id"]), channel_id=int(message["channel_id"])))


def stages(job: Job) -> list[Job]:
    return [job, *(job.entering(stage, NOON) for stage in list(Stage)[:5]), job.succeeded(NOON)]


def own_reactions(world: DiscordWorld, message: dict[str, Any]) -> list[str]:
    return list(world.reactions_on(message["id"]))


async def test_the_message_has_one_reaction_at_a_time_and_it_follows(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    progress = Progress(client, store)

    for job in stages(job_of(message)):
        progress.notice(job)
    await progress.drain()

    log = [(emoji, what) for _, emoji, what in world.reactions_log]
    shown = ["👀", "⬇️", "✍️", "☁️", "✅"]
    assert [emoji for emoji, what in log if what == "add"] == shown
    assert [emoji for emoji, what in log if what == "remove"] == shown[:-1]
    assert log[:3] == [("👀", "add"), ("👀", "remove"), ("⬇️", "add")]


async def test_the_end_is_answered_once_and_pings_nobody(
    world: DiscordWorld, client: discord.Client, store: JobStore, tmp_path: Path
) -> None:
    message = world.post("audit-process", LINK)
    failed = job_of(message).failed("The video is private @everyone.", NOON)
    without_a_record = await open_store(f"sqlite+aiosqlite:///{tmp_path / 'other.db'}")

    for ledger in (store, store, without_a_record):  # the last: killed between the reply and its record
        await ledger.add(failed)
        progress = Progress(client, ledger)
        progress.notice(failed)
        await progress.drain()
    await without_a_record.aclose()

    _, *replies = world.messages("audit-process")
    assert len(replies) == 1
    assert replies[0]["message_reference"]["message_id"] == message["id"]
    assert "private" in replies[0]["content"]
    assert (replies[0]["mentions"], replies[0]["mention_everyone"]) == ([], False)


async def test_with_two_videos_the_least_advanced_speaks_and_a_failure_is_said_at_the_end(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    progress = Progress(client, store)
    one, other = job_of(message), job_of(message, ATTACHMENT)

    progress.notice(one)
    progress.notice(other)
    progress.notice(one.entering(Stage.DOWNLOADING, NOON))
    progress.notice(one.failed("gone", NOON))
    await progress.drain()
    before = own_reactions(world, message)
    progress.notice(other.entering(Stage.DOWNLOADING, NOON))
    progress.notice(other.succeeded(NOON))
    await progress.drain()

    assert before == ["👀"]
    assert own_reactions(world, message) == ["❌"]


async def test_a_reaction_that_an_earlier_run_left_is_replaced(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    earlier = Progress(client, store)
    earlier.notice(job_of(message).entering(Stage.DOWNLOADING, NOON))
    await earlier.drain()

    later = Progress(client, store)
    later.notice(job_of(message).succeeded(NOON))
    await later.drain()

    assert own_reactions(world, message) == ["✅"]


async def test_a_deleted_message_stops_the_reports_and_nothing_else(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    deleted, kept = world.post("audit-process", LINK), world.post("audit-process", LINK)
    world.delete(deleted["id"])
    progress = Progress(client, store)

    progress.notice(job_of(deleted))
    progress.notice(job_of(kept))
    await progress.drain()

    assert own_reactions(world, kept) == ["👀"]


async def test_a_reaction_is_made_again_until_discord_is_back(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    world.faults.append(Fault("PUT", "reactions", 503, body={"message": "down", "code": 0}, times=2))
    progress = Progress(client, store)

    progress.notice(job_of(message))
    progress.notice(replace(job_of(message)).entering(Stage.DOWNLOADING, NOON))
    await progress.drain()

    assert own_reactions(world, message) == ["⬇️"]


async def test_a_video_that_an_edit_brings_after_the_end_shares_the_reaction_of_those_before(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    failed, new = job_of(message).failed("gone", NOON), job_of(message, ATTACHMENT)
    progress = Progress(client, store)
    shown = []

    for job in (failed, new, new.entering(Stage.DOWNLOADING, NOON), new.succeeded(NOON)):
        await store.add(job)
        await store.save(job)
        progress.notice(job)
        await progress.drain()
        shown.append(own_reactions(world, message))

    assert shown == [["❌"], ["👀"], ["⬇️"], ["❌"]]
    assert await store.ended_since(NOON - timedelta(days=1), without="reaction") == []


async def test_what_a_failed_reaction_left_is_asked_of_discord_and_not_kept_in_mind(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    message = world.post("audit-process", LINK)
    progress = Progress(client, store)
    _, downloading, transcribing, uploading, *_ = stages(job_of(message))[1:]

    progress.notice(downloading)
    await progress.drain()
    world.delete(message["id"])
    for job in (transcribing, uploading):
        progress.notice(job)
    await progress.drain()

    assert [one.method for one in world.exchanges][-2:] == ["DELETE", "GET"]
