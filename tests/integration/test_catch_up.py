"""Rules of catching up, with the sandbox's Discord: no message is lost, none is taken twice."""

import asyncio
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import discord
import pytest
import yarl
from discord.ext import commands

from sandbox.discord.permissions import Permission
from sandbox.discord.world import DiscordWorld
from sandbox.server import Fault
from services.store import JobStore
from tests.ears import Ears

Listening = Callable[..., AbstractAsyncContextManager[Ears]]

HISTORY = "/messages$"
LINK = "https://videos.example/{}"


class Client(commands.Bot):
    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait the five seconds that the library leaves between two sessions."""


@pytest.fixture
def listening(world: DiscordWorld, store: JobStore, monkeypatch: pytest.MonkeyPatch) -> Listening:
    """Returns a context manager of a bot that listens; it takes what Ears takes."""
    monkeypatch.setattr(discord.http.Route, "BASE", world.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(world.gateway_url))

    @asynccontextmanager
    async def start(**settings: Any) -> AsyncIterator[Ears]:
        intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
        async with Client("!", intents=intents, max_messages=None, guild_ready_timeout=0.05) as bot:
            ears = Ears(bot, store, **settings)
            await bot.add_cog(ears.listener)
            connection = asyncio.create_task(bot.start(world.token))
            async with ears.open():
                await world.until(lambda: world.connected)
                yield ears
                while bot._connection._ready_task:  # which the library forgets when it closes
                    await asyncio.sleep(0.01)
        await connection

    return start


def post(world: DiscordWorld, what: str, channel: str = "audit-process") -> int:
    return int(world.post(channel, LINK.format(what))["id"])


async def taken(store: JobStore, last: str) -> list[str]:
    """Return what was taken, by the end of the links, once the last of it is there."""
    async with asyncio.timeout(10):
        while True:
            links = [(job.origin.message_id, job.source.video_id) for job in await store.unfinished()]
            names = [link.rpartition("/")[2] for _, link in sorted(links)]
            if last in names:
                return names
            await asyncio.sleep(0.01)


async def posted_and_taken(world: DiscordWorld, store: JobStore, *links: str) -> None:
    """Post one after another; every one but the first is taken exactly once, when it arrives."""
    for link in links:
        post(world, link)
        await taken(store, link)


async def read_once(world: DiscordWorld, listening: Listening) -> None:
    """Start and stop the bot, so that the ledger has a watermark for every channel."""
    async with listening():
        await world.until(lambda: {one.path for one in histories(world)} >= watched(world))


def histories(world: DiscordWorld) -> list[Any]:
    return [one for one in world.exchanges if one.method == "GET" and "/messages" in one.path and one.status]


def watched(world: DiscordWorld) -> set[str]:
    return {f"/api/v10/channels/{world.channel_id(name)}/messages" for name in ("audit-process", "market-outlook")}


async def test_a_first_start_takes_no_history(world: DiscordWorld, store: JobStore, listening: Listening) -> None:
    post(world, "history")
    thread = world.add_thread("audit-process", "talk")
    post(world, "history-of-a-thread", thread)

    async with listening():
        post(world, "in-a-thread", thread)
        await taken(store, "in-a-thread")
        post(world, "now")
        assert await taken(store, "now") == ["in-a-thread", "now"]


async def test_an_empty_ledger_starts_after_the_newest_message_that_notion_knows(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    known = [post(world, "1"), post(world, "2")]
    post(world, "3")
    post(world, "4")

    async with listening(newest_known=known[-1]):
        assert await taken(store, "4") == ["3", "4"]


async def test_what_was_posted_while_the_bot_was_off_is_taken_once_over_all_pages_of_history(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    await read_once(world, listening)
    for number in range(230):
        post(world, str(number)) if number % 33 == 0 else world.post("audit-process", "good morning")

    for _ in range(2):
        async with listening():
            post(world, "now")
            assert set(await taken(store, "now")) == {"0", "33", "66", "99", "132", "165", "198", "now"}


async def test_after_a_lost_session_every_channel_is_read_even_where_nobody_posts_again(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    async with listening():
        post(world, "before")
        await taken(store, "before")
        world.drop_gateway(resumable=False)
        post(world, "meanwhile")
        post(world, "elsewhere", "market-outlook")

        assert await taken(store, "elsewhere")
        assert await taken(store, "meanwhile") == ["before", "meanwhile", "elsewhere"]


async def test_a_resumed_session_reads_nothing_again(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    async with listening():
        post(world, "before")
        await taken(store, "before")
        await world.until(lambda: {one.path for one in histories(world)} >= watched(world))
        read = len(histories(world))
        world.drop_gateway()
        post(world, "meanwhile")
        await taken(store, "meanwhile")

        assert len(histories(world)) == read


async def test_a_channel_that_cannot_be_read_for_now_is_read_later(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    await read_once(world, listening)
    post(world, "missed")
    world.faults.append(Fault("GET", f"{world.channel_id('audit-process')}{HISTORY}", 503, times=3))

    async with listening():
        assert await taken(store, "missed") == ["missed"]


async def test_a_live_message_is_taken_at_once_but_the_watermark_waits_for_what_was_missed(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    await read_once(world, listening)
    post(world, "missed")
    broken = Fault("GET", f"{world.channel_id('audit-process')}{HISTORY}", 503, times=10_000)
    world.faults.append(broken)
    async with listening():
        post(world, "live")
        assert await taken(store, "live") == ["live"]

    broken.times = 0
    async with listening():
        assert await taken(store, "missed") == ["missed", "live"]


async def test_a_channel_that_may_not_be_read_stops_neither_the_others_nor_its_own_new_messages(
    world: DiscordWorld, store: JobStore, listening: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    await read_once(world, listening)
    world.permit("audit-process", deny=Permission.READ_MESSAGE_HISTORY)
    post(world, "forbidden")
    post(world, "open", "market-outlook")

    async with listening():
        await taken(store, "open")
        post(world, "live")
        assert await taken(store, "live") == ["open", "live"]

    assert "#audit-process could not be read" in caplog.text


async def test_a_message_whose_jobs_could_not_be_recorded_is_taken_with_the_next_one(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    async with listening() as ears:
        await posted_and_taken(world, store, "1", "2")
        ears.queue.failures = 1
        post(world, "failed")
        post(world, "next")

        assert await taken(store, "next") == ["1", "2", "failed", "next"]


async def test_a_message_whose_jobs_could_not_be_recorded_is_taken_even_when_nobody_posts_again(
    world: DiscordWorld, store: JobStore, listening: Listening, caplog: pytest.LogCaptureFixture
) -> None:
    async with listening() as ears:
        await posted_and_taken(world, store, "1", "2")
        ears.queue.failures = 2  # when it arrives, and when history is read
        post(world, "failed")

        assert await taken(store, "failed") == ["1", "2", "failed"]

    assert "#audit-process could not be read" in caplog.text


async def test_that_holds_for_the_very_first_message_too(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    async with listening(notion_down=True, waits_s=[60]) as ears:
        await ears.notion_was_asked.wait()
        ears.notion_down = False
        ears.queue.failures = 1
        post(world, "failed")
        post(world, "next")

        assert await taken(store, "next") == ["failed", "next"]


async def test_threads_are_read_too_and_a_new_one_from_its_beginning(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    known = world.add_thread("audit-process", "known")
    await read_once(world, listening)
    post(world, "in-the-known", known)
    post(world, "above")
    new = world.add_thread("audit-process", "new")
    post(world, "in-the-new", new)
    post(world, "below")

    async with listening():
        await taken(store, "in-the-new")
        await taken(store, "in-the-known")
        assert await taken(store, "below") == ["in-the-known", "above", "in-the-new", "below"]

    assert {job.origin.channel_name for job in await store.unfinished()} == {"audit-process"}


async def test_new_links_of_an_edited_message_are_taken_and_previews_of_links_cost_nothing(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    async with listening() as ears:
        await posted_and_taken(world, store, "1", "2")
        message = world.messages("audit-process")[0]
        asked = ears.queue.asked
        world.unfurl(message["id"], [{"title": "A video", "url": LINK.format("1")}])
        await posted_and_taken(world, store, "3")
        assert ears.queue.asked == asked + 1
        world.edit(message["id"], f"{LINK.format('1')} {LINK.format('new')}")

        assert sorted(await taken(store, "new")) == ["1", "2", "3", "new"]


async def test_an_edit_of_a_message_from_before_the_first_start_is_left_alone(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    history = post(world, "history")
    async with listening():
        await posted_and_taken(world, store, "1")
        silent = world.post("audit-process", "good morning")["id"]
        world.edit(str(history), LINK.format("more-history"))
        world.edit(silent, LINK.format("edited"))

        assert await taken(store, "edited") == ["1", "edited"]


async def test_a_preview_or_a_pin_of_a_message_that_was_edited_long_ago_is_no_edit(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    async with listening() as ears:
        message = str(post(world, "1"))
        await taken(store, "1")
        world.edit(message, LINK.format("edited"))
        await taken(store, "edited")
        await posted_and_taken(world, store, "2")
        asked = ears.queue.asked
        posted = world.store.messages[world.channel_id("audit-process")][message]
        posted["edited_timestamp"] = "2026-01-01T12:00:00+00:00"
        world.unfurl(message, [])
        await posted_and_taken(world, store, "3")

        assert ears.queue.asked == asked + 1


async def test_turns_are_shared_while_somebody_has_one_and_forgotten_after(store: JobStore) -> None:
    intents = discord.Intents.none()
    catch_up = Ears(commands.Bot("!", intents=intents), store).catch_up

    turn = catch_up.turn_of(1)
    assert catch_up.turn_of(1) is turn

    forgotten = weakref.ref(turn)
    del turn
    assert forgotten() is None


async def test_the_job_of_an_attachment_knows_its_size_against_which_the_disk_is_checked(
    world: DiscordWorld, store: JobStore, listening: Listening
) -> None:
    async with listening():
        await posted_and_taken(world, store, "1")
        world.post("audit-process", files=[("talk.mp4", b"four", "video/mp4")])
        await posted_and_taken(world, store, "2")

    assert [job.source.size for job in await store.unfinished() if job.source.kind == "discord"] == [4]
