"""Rules of the live cards, with the real discord.py against the sandbox's Discord."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import discord
import pytest

from cogs import earlier_cards
from cogs.cards import Cards
from config.notion_config import default_routes
from sandbox.discord import messages
from sandbox.discord.permissions import Permission
from sandbox.discord.world import DiscordWorld
from sandbox.server import Exchange, Fault
from services.jobs.job import Job, JobStatus, Stage
from services.ledger_file import LedgerError
from services.overview import Overview
from services.store import JobStore, open_store
from tests.builders import ATTACHMENT, NOON, ROUTE, finished_artifacts, job_of

LINK = "https://youtu.be/dQw4w9WgXcQ"
CHANNEL = "audit-process"
EVERY_S = 0.3

Show = Callable[..., Awaitable[None]]
MakeCards = Callable[..., Awaitable[Cards]]


@pytest.fixture
async def make_cards(client: discord.Client, store: JobStore) -> AsyncIterator[MakeCards]:
    """Returns a function that starts cards as a new process does."""
    async with AsyncExitStack() as stack:

        async def start(ledger: JobStore = store, every_s: float = EVERY_S, at: datetime = NOON) -> Cards:
            cards = Cards(client, ledger, Overview(ledger, "tiny.en"), lambda: at, every_s)
            return await stack.enter_async_context(aclosing(cards))

        yield start


@pytest.fixture
async def cards(make_cards: MakeCards) -> Cards:
    return await make_cards()


def post(world: DiscordWorld) -> dict[str, Any]:
    return world.post(CHANNEL, LINK)


async def record(store: JobStore, cards: Cards, *states: Job) -> None:
    """Let cards notice each state when the ledger has it."""
    for job in states:
        await store.add(job)
        await store.save(job)
        cards.notice(job)


def posted_earlier(job: Job) -> Job:
    """Return the job of a message from before the bot's start."""
    return replace(job, origin=replace(job.origin, posted_at=NOON - timedelta(minutes=1)))


def shown(world: DiscordWorld) -> list[dict[str, Any]]:
    """Return the bot's own messages."""
    return [message for message in world.messages(CHANNEL) if message["author"]["id"] == world.bot["id"]]


def headline(card: dict[str, Any]) -> str:
    return str(card["embeds"][0]["description"]).split("\n")[0]


def labels(card: dict[str, Any]) -> list[str]:
    return [button["label"] for row in card["components"] for button in row["components"]]


def edits(world: DiscordWorld) -> list[Exchange]:
    return [one for one in world.exchanges if one.method == "PATCH"]


async def test_a_video_has_one_card_that_answers_its_message_and_is_edited_in_place(
    world: DiscordWorld, cards: Cards, store: JobStore, tmp_path: Path
) -> None:
    message = post(world)
    job = job_of(message, artifacts=finished_artifacts(tmp_path))
    seen = []

    for state in (job, job.entering(Stage.DOWNLOADING, NOON), job.entering(Stage.COMPLETE, NOON).succeeded(NOON)):
        await record(store, cards, state)
        await cards.drain()
        [card] = shown(world)
        seen.append(headline(card))

    assert seen == ["👀 **Waiting** · number 1 in line", "⬇️ **Downloading**", "✅ **Complete** in 0 s"]
    assert card["message_reference"]["message_id"] == message["id"]
    assert await store.find_report(job.id, Cards.name) is not None


async def test_two_videos_of_a_message_have_a_card_each(world: DiscordWorld, cards: Cards, store: JobStore) -> None:
    message = post(world)

    await record(store, cards, job_of(message), job_of(message, ATTACHMENT))
    await cards.drain()

    assert [card["message_reference"]["message_id"] for card in shown(world)] == [message["id"]] * 2


async def test_a_card_never_pings(world: DiscordWorld, cards: Cards, store: JobStore) -> None:
    everything = f"@everyone @here <@{world.poster['id']}> <@&1>"
    failed = job_of(world.post(CHANNEL, everything), replace(ATTACHMENT, filename=everything)).failed(everything, NOON)

    await record(store, cards, failed)
    await cards.drain()

    [card] = shown(world)
    assert (card["mentions"], card["mention_roles"], card["mention_everyone"]) == ([], [], False)
    sent = next(one for one in world.exchanges if one.method == "POST" and one.path.endswith("/messages"))
    assert sent.body["allowed_mentions"] == {"parse": []} | {
        name: value for name, value in sent.body["allowed_mentions"].items() if not value
    }
    assert not sent.body.get("content")


async def test_a_card_is_edited_at_most_once_in_its_time_and_at_last_shows_what_is_so(
    world: DiscordWorld, cards: Cards, store: JobStore
) -> None:
    job = job_of(post(world)).entering(Stage.DOWNLOADING, NOON)
    await record(store, cards, job)

    async with asyncio.timeout(10):
        for percent in range(40):
            await record(store, cards, job.progressed(percent / 40))
            await asyncio.sleep(EVERY_S / 10)
        end = job.failed("gone", NOON)
        await record(store, cards, end, end.retried(NOON), end.retried(NOON).cancelled("Ada", NOON))
        await cards.drain()

    times = [edit.at for edit in edits(world)]
    assert len(times) >= 3
    assert min(after - before for before, after in pairwise(times)) >= EVERY_S * 0.95
    assert headline(shown(world)[0]) == "❌ **Cancelled**"


async def test_a_card_whose_look_is_the_same_costs_no_edit(world: DiscordWorld, cards: Cards, store: JobStore) -> None:
    job = job_of(post(world))

    for _ in range(3):
        await record(store, cards, job)
        await cards.drain()

    assert edits(world) == []


async def test_a_card_that_is_an_hour_old_shows_its_percent_once_in_a_minute_and_news_at_once(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore
) -> None:
    cards = await make_cards(every_s=0.05, at=NOON + timedelta(hours=1))
    job = job_of(post(world)).entering(Stage.DOWNLOADING, NOON)
    await record(store, cards, job)
    await cards.drain()
    await record(store, cards, job.progressed(0.1))
    await world.until(lambda: len(edits(world)) == 1)

    await record(store, cards, job.progressed(0.2))
    await asyncio.sleep(0.5)
    assert len(edits(world)) == 1

    await record(store, cards, job.entering(Stage.TRANSCRIBING, NOON))
    async with asyncio.timeout(5):
        await cards.drain()
    assert headline(shown(world)[0]) == "✍️ **Transcribing**"


async def test_numbers_wait_while_news_of_the_same_channel_waits_to_be_shown(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore
) -> None:
    cards = await make_cards(every_s=0.05)
    counted = job_of(post(world)).entering(Stage.DOWNLOADING, NOON)
    await record(store, cards, counted)
    await cards.drain()
    world.faults.append(Fault("POST", "/messages$", 502))  # discord.py tries again after a second

    await record(store, cards, job_of(post(world)))
    await asyncio.sleep(0.1)
    await record(store, cards, counted.progressed(0.5))
    await asyncio.sleep(0.1)
    await record(store, cards, job_of(post(world)))
    await cards.drain()

    assert [one.method for one in world.exchanges if "/messages" in one.path] == [*["POST"] * 4, "PATCH"]


async def test_the_numbers_of_another_channel_do_not_wait_for_it(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore
) -> None:
    cards = await make_cards(every_s=0.05)
    counted = job_of(world.post("market-outlook", LINK)).entering(Stage.DOWNLOADING, NOON)
    await record(store, cards, counted)
    await cards.drain()
    world.faults.append(Fault("POST", "/messages$", 502))  # discord.py tries again after a second

    await record(store, cards, job_of(post(world)))
    await asyncio.sleep(0.1)
    await record(store, cards, counted.progressed(0.5))
    await cards.drain()

    assert [one.method for one in world.exchanges if "/messages" in one.path] == ["POST", "POST", "PATCH", "POST"]


async def test_a_place_in_line_that_has_moved_is_shown(world: DiscordWorld, cards: Cards, store: JobStore) -> None:
    first, second = job_of(post(world)), job_of(post(world))
    await record(store, cards, first, second)
    await cards.drain()
    assert headline(shown(world)[1]) == "👀 **Waiting** · number 2 in line"

    await store.save(first.entering(Stage.PROCESSING, NOON))
    await cards.refresh([second.id, "nobody"])
    await cards.drain()

    assert headline(shown(world)[1]) == "👀 **Waiting** · number 1 in line"


@pytest.fixture(params=[1000, 100])
def newest_looked_at(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_cards, "_NEWEST", request.param)


@pytest.mark.parametrize(("before", "since"), [(120, 0), (0, 120)])
@pytest.mark.usefixtures("newest_looked_at")
async def test_the_card_of_a_killed_bot_is_found_again_by_its_buttons(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore, before: int, since: int
) -> None:
    """However many messages are between a post and its card, or after both."""
    job = posted_earlier(job_of(post(world)))
    for _ in range(before):
        world.post(CHANNEL, "good morning")
    unrecorded = await open_store("sqlite+aiosqlite:///:memory:")
    await record(unrecorded, killed := await make_cards(unrecorded), job)
    await killed.drain()
    await unrecorded.aclose()
    for _ in range(since):
        world.post(CHANNEL, "good evening")

    restarted = await make_cards()
    await record(store, restarted, job, job.entering(Stage.DOWNLOADING, NOON))
    await restarted.drain()

    assert [headline(card) for card in shown(world)] == ["⬇️ **Downloading**"]
    assert len([one for one in world.exchanges if one.method == "POST"]) == 1


async def test_a_restarted_bot_reads_a_channel_once_for_all_its_cards(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore
) -> None:
    cards = await make_cards()

    await record(store, cards, *(posted_earlier(job_of(post(world))) for _ in range(5)))
    await cards.drain()

    assert len(shown(world)) == 5
    assert len([one for one in world.exchanges if one.method == "GET" and one.path.endswith("/messages")]) == 1


async def test_the_card_of_another_job_is_not_taken_for_ones_own(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore
) -> None:
    message = post(world)
    for job in (posted_earlier(job_of(message)), posted_earlier(job_of(message, ATTACHMENT))):
        cards = await make_cards()
        await record(store, cards, job)
        await cards.drain()

    assert len(shown(world)) == 2


@pytest.mark.parametrize("status", [None, 503])
async def test_a_card_whose_answer_was_lost_is_not_made_twice(
    world: DiscordWorld, cards: Cards, store: JobStore, monkeypatch: pytest.MonkeyPatch, status: int | None
) -> None:
    """Even where it is so long until the next try that Discord knows the nonce no longer."""
    monkeypatch.setattr(messages, "NONCE_LIFETIME", 0.0)
    world.faults.append(Fault("POST", "/messages$", status, body={"message": "busy", "code": 0}, before=False))

    await record(store, cards, job_of(post(world)))
    await cards.drain()

    assert len(shown(world)) == 1


async def test_a_card_whose_note_the_ledger_does_not_take_is_not_made_twice(
    world: DiscordWorld, cards: Cards, store: JobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even where it is so long until the next try that Discord knows the nonce no longer."""
    monkeypatch.setattr(messages, "NONCE_LIFETIME", 0.0)
    job = job_of(post(world))

    with monkeypatch.context() as locked:
        keep_note = AsyncMock(side_effect=LedgerError("The ledger is locked."))
        locked.setattr(store, "keep_note", keep_note)
        await record(store, cards, job)
        while not keep_note.await_count:
            await asyncio.sleep(0.001)
    await record(store, cards, job.entering(Stage.DOWNLOADING, NOON))
    await cards.drain()

    assert [headline(card) for card in shown(world)] == ["⬇️ **Downloading**"]
    assert await store.find_note(f"card {job.id}") == shown(world)[0]["id"]


async def test_a_card_that_was_made_by_a_request_whose_answer_was_lost_shows_what_is_so_by_now(
    world: DiscordWorld, cards: Cards, store: JobStore
) -> None:
    job = job_of(post(world))
    world.faults.append(Fault("POST", "/messages$", 503, body={"message": "busy", "code": 0}, before=False))

    await record(store, cards, job)
    await world.until(lambda: len(shown(world)) == 1)
    await record(store, cards, job.entering(Stage.DOWNLOADING, NOON))
    await cards.drain()

    assert [headline(card) for card in shown(world)] == ["⬇️ **Downloading**"]


async def test_a_card_that_somebody_deletes_is_not_made_again_and_its_end_counts_as_shown(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore
) -> None:
    cards = await make_cards(every_s=0.05)
    job = job_of(post(world))
    await record(store, cards, job)
    await cards.drain()
    world.delete(shown(world)[0]["id"])

    for state in (job.entering(Stage.DOWNLOADING, NOON), job.entering(Stage.UPLOADING, NOON), job.succeeded(NOON)):
        await record(store, cards, state)
        await cards.drain()
    await record(store, await make_cards(), job.succeeded(NOON))
    await cards.drain()

    assert shown(world) == []
    assert len(edits(world)) == 1
    assert await store.find_report(job.id, Cards.name) is not None


async def test_where_the_route_wants_none_there_is_no_card(world: DiscordWorld, cards: Cards, store: JobStore) -> None:
    job = job_of(post(world), route=replace(ROUTE, cards=False))

    await record(store, cards, job, job.succeeded(NOON))
    await cards.drain()

    assert shown(world) == []


def test_routes_have_cards_unless_they_say_otherwise() -> None:
    routes = default_routes(discord_message_db="a", videos_db="b", drive_uploads_db="c", drive_folders={})

    assert all(route.cards for route in routes.routes)


async def test_a_card_that_discord_does_not_take_is_tried_again_only_with_news(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore
) -> None:
    cards = await make_cards(every_s=0.01)
    world.permit(CHANNEL, deny=Permission.SEND_MESSAGES)
    job = job_of(post(world)).entering(Stage.DOWNLOADING, NOON)

    for percent in range(5):
        await record(store, cards, job.progressed(percent / 5))
        await cards.drain()
    assert len([one for one in world.exchanges if one.status == 403]) == 1

    world.permit(CHANNEL)
    await record(store, cards, job.entering(Stage.TRANSCRIBING, NOON))
    await cards.drain()
    assert [headline(card) for card in shown(world)] == ["✍️ **Transcribing**"]


async def test_the_buttons_are_those_that_make_sense(
    world: DiscordWorld, make_cards: MakeCards, store: JobStore, tmp_path: Path
) -> None:
    cards = await make_cards(every_s=0.01)
    job = job_of(post(world))
    with_transcript = replace(job, artifacts=replace(finished_artifacts(tmp_path), page_url="https://notion.so/page"))
    seen = {}

    for name, state in {
        "queued": job,
        "running": job.entering(Stage.DOWNLOADING, NOON),
        "waiting": job.postponed("busy", NOON, NOON),
        "failed": job.failed("gone", NOON),
        "cancelled": job.cancelled("Ada", NOON),
        "transcribed": with_transcript.entering(Stage.UPLOADING, NOON),
        "failed late": with_transcript.failed("no room", NOON),
        "succeeded": with_transcript.succeeded(NOON),
    }.items():
        await record(store, cards, state)
        await cards.drain()
        seen[name] = labels(shown(world)[0])

    assert seen == {
        "queued": ["Cancel"],
        "running": ["Cancel"],
        "waiting": ["Cancel"],
        "failed": ["Retry"],
        "cancelled": ["Retry"],
        "transcribed": ["Cancel", "Transcript"],
        "failed late": ["Retry", "Transcript"],
        "succeeded": ["Transcript", "Notion page", "Folder", "Transcript file"],
    }
    buttons = shown(world)[0]["components"][0]["components"]
    assert buttons[0]["custom_id"] == f"job:transcript:{job.id}"
    assert buttons[1]["url"] == "https://notion.so/page"
    assert JobStatus.SUCCEEDED is (await store.get(job.id)).status
