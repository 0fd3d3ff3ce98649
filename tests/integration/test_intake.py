"""Rules of intake, with dpytest: what a posted message does in the cog."""

from collections.abc import AsyncIterator
from typing import Any

import discord
import discord.ext.test as dpytest
import pytest
from discord.ext import commands

from cogs.intake import Intake
from config.notion_config import default_routes
from services.jobs.job import Job
from tests.builders import NOON

ROUTES = default_routes(discord_message_db="audit", videos_db="videos", drive_uploads_db=None, drive_folders={})
LINK = "https://youtu.be/dQw4w9WgXcQ"
CHANNELS = ["audit-process", "🎙・market-outlook", "chat"]
AUDIT, OUTLOOK, CHAT = range(3)


class FakeQueue:
    """Takes jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    async def submit(self, jobs: Any) -> list[Job]:
        self.jobs += jobs
        return self.jobs


@pytest.fixture
async def queue() -> AsyncIterator[FakeQueue]:
    queue = FakeQueue()
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True, members=True)
    bot = commands.Bot(command_prefix=commands.when_mentioned, intents=intents)
    await bot._async_setup_hook()
    dpytest.configure(bot, guilds=["Acme", "Elsewhere"], text_channels=CHANNELS)
    served = dpytest.get_config().guilds[0]
    await bot.add_cog(Intake(queue, ROUTES, lambda guild: guild == served, lambda: NOON))
    yield queue
    await dpytest.empty_queue()


async def test_a_link_in_a_watched_channel_becomes_a_job_that_knows_where_it_was_posted(queue: FakeQueue) -> None:
    message = await dpytest.message(f"please audit {LINK}", channel=AUDIT)

    [job] = queue.jobs
    assert job.source.key == "youtube:dQw4w9WgXcQ"
    assert job.route.channel == "audit-process"
    assert job.origin.message_id == message.id
    assert (job.origin.guild_name, job.origin.channel_name) == ("Acme", "audit-process")
    assert job.origin.content == f"please audit {LINK}"
    assert job.origin.message_url == message.jump_url


async def test_a_channel_with_emoji_in_its_name_has_its_own_route(queue: FakeQueue) -> None:
    await dpytest.message(LINK, channel=OUTLOOK)

    assert [job.route.channel for job in queue.jobs] == ["market-outlook"]


async def test_several_links_in_a_message_are_a_job_each(queue: FakeQueue) -> None:
    await dpytest.message(f"{LINK} and <https://videos.example/1>", channel=AUDIT)

    assert len({job.id for job in queue.jobs}) == 2


async def test_an_attachment_becomes_a_job(queue: FakeQueue, tmp_path: Any) -> None:
    clip = tmp_path / "talk.mp4"
    clip.write_bytes(b"mp4")

    await dpytest.message("", channel=AUDIT, attachments=[clip])

    [job] = queue.jobs
    assert (job.source.kind, job.source.filename) == ("discord", "talk.mp4")
    assert job.source.url is None


async def test_other_channels_are_left_alone(queue: FakeQueue) -> None:
    await dpytest.message(LINK, channel=CHAT)

    assert queue.jobs == []


async def test_a_message_without_a_video_is_left_alone(queue: FakeQueue) -> None:
    await dpytest.message("good morning", channel=AUDIT)

    assert queue.jobs == []


async def test_a_server_that_is_not_served_is_left_alone(queue: FakeQueue) -> None:
    elsewhere = dpytest.get_config().guilds[1]
    await dpytest.message(LINK, channel=elsewhere.text_channels[0], member=elsewhere.members[0])

    assert queue.jobs == []


async def test_bots_and_the_bot_itself_are_ignored(queue: FakeQueue) -> None:
    config = dpytest.get_config()
    guild = config.guilds[0]
    other_bot = dpytest.backend.make_user("robot", "0001")
    other_bot.bot = True
    member = dpytest.backend.make_member(other_bot, guild)

    await dpytest.message(LINK, channel=AUDIT, member=member)
    await guild.text_channels[0].send(LINK)

    assert queue.jobs == []
