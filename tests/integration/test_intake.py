"""Rules of intake, with dpytest: what a posted message does in the cog."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import discord.ext.test as dpytest
import pytest
from discord.ext import commands

from config.notion_config import Routes
from services.jobs.job import JobStatus
from services.store import JobStore
from tests.builders import NOON, ROUTE
from tests.ears import ROUTES, Ears, an_intake

LINK = "https://youtu.be/dQw4w9WgXcQ"
CHANNELS = ["audit-process", "🎙・market-outlook", "chat"]
AUDIT, OUTLOOK, CHAT = range(3)


@pytest.fixture
async def bot() -> AsyncIterator[commands.Bot]:
    """A bot in two servers."""
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True, members=True)
    bot = commands.Bot(command_prefix=commands.when_mentioned, intents=intents)
    await bot._async_setup_hook()
    dpytest.configure(bot, guilds=["Acme", "Elsewhere"], text_channels=CHANNELS)
    yield bot
    await dpytest.empty_queue()


@pytest.fixture(autouse=True)
async def ears(bot: commands.Bot, store: JobStore) -> Ears:
    """What listens in the first of the two servers."""
    served = dpytest.get_config().guilds[0]
    ears = Ears(bot, store, lambda guild: guild == served)
    await bot.add_cog(ears.listener)
    return ears


def a_thread(parent_id: int) -> discord.Thread:
    """Return one that is called like a watched channel."""
    guild = dpytest.get_config().guilds[0]
    data: Any = {"id": 9, "owner_id": 1, "parent_id": parent_id, "name": "audit-process", "type": 11}
    data |= {"message_count": 1, "member_count": 1}
    data["thread_metadata"] = {
        "archived": False,
        "archive_timestamp": NOON.isoformat(),
        "auto_archive_duration": 60,
        "locked": False,
    }
    return discord.Thread(guild=guild, state=guild._state, data=data)


async def test_a_link_in_a_watched_channel_becomes_a_job_that_knows_where_it_was_posted(store: JobStore) -> None:
    message = await dpytest.message(f"please audit {LINK}", channel=AUDIT)

    [job] = await store.unfinished()
    assert job.source.key == "youtube:dQw4w9WgXcQ"
    assert job.route.channel == "audit-process"
    assert job.origin.message_id == message.id
    assert (job.origin.guild_name, job.origin.channel_name) == ("Acme", "audit-process")
    assert job.origin.content == f"please audit {LINK}"
    assert job.origin.message_url == message.jump_url


async def test_a_channel_with_emoji_in_its_name_has_its_own_route(store: JobStore) -> None:
    await dpytest.message(LINK, channel=OUTLOOK)

    assert [job.route.channel for job in await store.unfinished()] == ["market-outlook"]


async def test_a_channel_with_an_id_is_watched_whatever_its_name(ears: Ears, store: JobStore) -> None:
    audit, _, chat = dpytest.get_config().guilds[0].text_channels
    route = replace(ROUTE, channel_id=chat.id)
    intake = an_intake(ears.queue, Routes((route,)), bool, store=store, refusals=ears.refusals)

    assert intake.route_of(chat) == route
    assert intake.route_of(a_thread(chat.id)) == route
    assert intake.route_of(audit) is None


async def test_a_thread_has_the_route_of_its_channel(ears: Ears, store: JobStore) -> None:
    _, outlook, chat = dpytest.get_config().guilds[0].text_channels
    intake = an_intake(ears.queue, ROUTES, bool, store=store, refusals=ears.refusals)

    assert intake.route_of(a_thread(outlook.id)) == intake.route_of(outlook)
    assert intake.route_of(a_thread(chat.id)) is None


async def test_a_thread_in_a_channel_that_the_bot_cannot_see_is_known_by_that_channels_id_alone(
    ears: Ears, store: JobStore
) -> None:
    route = replace(ROUTE, channel_id=7)
    intake = an_intake(ears.queue, Routes((route,)), bool, store=store, refusals=ears.refusals)

    assert intake.route_of(a_thread(7)) == route
    assert intake.route_of(a_thread(8)) is None


async def test_several_links_in_a_message_are_a_job_each(store: JobStore) -> None:
    await dpytest.message(f"{LINK} and <https://videos.example/1>", channel=AUDIT)

    assert len({job.id for job in await store.unfinished()}) == 2


async def test_an_attachment_becomes_a_job(store: JobStore, tmp_path: Path) -> None:
    clip = tmp_path / "talk.mp4"
    clip.write_bytes(b"mp4")

    await dpytest.message("", channel=AUDIT, attachments=[clip])

    [job] = await store.unfinished()
    assert (job.source.kind, job.source.filename) == ("discord", "talk.mp4")
    assert job.source.url is None


async def test_other_channels_are_left_alone(store: JobStore) -> None:
    await dpytest.message(LINK, channel=CHAT)

    assert await store.unfinished() == []


async def test_a_message_without_a_video_is_left_alone(store: JobStore) -> None:
    await dpytest.message("good morning", channel=AUDIT)

    assert await store.unfinished() == []


async def test_a_server_that_is_not_served_is_left_alone(store: JobStore) -> None:
    elsewhere = dpytest.get_config().guilds[1]
    await dpytest.message(LINK, channel=elsewhere.text_channels[0], member=elsewhere.members[0])

    assert await store.unfinished() == []


async def test_a_message_that_is_delivered_again_asks_for_nothing_again(store: JobStore, bot: commands.Bot) -> None:
    message = await dpytest.message(LINK, channel=AUDIT)

    bot.dispatch("message", message)
    await dpytest.run_all_events()

    assert len(await store.of_message(message.id)) == 1


async def test_a_deleted_message_cancels_its_jobs_that_wait(store: JobStore, ears: Ears) -> None:
    message = await dpytest.message(f"{LINK} and https://videos.example/1", channel=AUDIT)
    kept = await dpytest.message("https://videos.example/2", channel=AUDIT)

    async with ears.open():
        await message.delete()
        await dpytest.run_all_events()

    for job in await store.of_message(message.id):
        assert (job.status, job.error) == (JobStatus.CANCELLED, "cancelled by the deletion of its message")
    assert [job.origin.message_id for job in await store.unfinished()] == [kept.id]


async def test_bots_and_the_bot_itself_are_ignored(store: JobStore) -> None:
    config = dpytest.get_config()
    guild = config.guilds[0]
    other_bot = dpytest.backend.make_user("robot", "0001")
    other_bot.bot = True
    member = dpytest.backend.make_member(other_bot, guild)

    await dpytest.message(LINK, channel=AUDIT, member=member)
    await guild.text_channels[0].send(LINK)
    await dpytest.run_all_events()

    assert await store.unfinished() == []
