"""Rules of the answer to who asked for more than is taken, with the real discord.py against the sandbox's Discord."""

import asyncio
from datetime import datetime, timedelta

import discord
import pytest

from cogs.refusals import Refusals
from sandbox.discord.world import DiscordWorld
from services.admission import Admitted, Limit
from services.jobs.job import Origin
from services.store import JobStore
from tests.builders import NOON, an_origin

MANY = Admitted([], 180, Limit.MESSAGE, 20)
ALL = Admitted([], 2, Limit.POSTER, 50)
EVERY_S = 0.05


def posted(world: DiscordWorld, words: str = "look", channel: str = "audit-process") -> Origin:
    message = world.post(channel, words)
    ids = {"channel_id": int(message["channel_id"]), "message_id": int(message["id"])}
    return an_origin(**ids, message_url=f"https://discord.com/channels/1/{message['channel_id']}/{message['id']}")


def answers(world: DiscordWorld) -> list[str]:
    return [one["content"] for one in world.messages("audit-process") if one["author"]["id"] == world.bot["id"]]


def requests(world: DiscordWorld) -> int:
    return sum(one.method in ("POST", "PATCH") for one in world.exchanges)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


async def test_the_answer_says_what_was_taken_what_not_and_what_to_do_and_pings_nobody(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    refusals, origin = Refusals(client, store), posted(world)

    await refusals.tell(origin, NOON, MANY, 200)
    await refusals.drain()

    [said] = answers(world)
    assert said == (
        "⚠️ The first 20 of these 200 videos were taken, the other 180 were not: a message may bring 20. "
        "For the next 20, choose Apps › Transcribe this on this message."
    )
    [answer] = world.messages("audit-process")[1:]
    assert answer["message_reference"]["message_id"] == str(origin.message_id)
    assert answer["mentions"] == []


@pytest.mark.long
async def test_a_thousand_refused_messages_are_counted_in_one_answer_and_a_few_edits(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    refusals = Refusals(client, store, EVERY_S)
    many = [posted(world) for _ in range(3)] + [an_origin(channel_id=int(world.channel_id("audit-process")))] * 996
    last = posted(world)

    for number, origin in enumerate((*many, last)):
        await refusals.tell(origin, at(number / 100), ALL, 2)
    await refusals.drain()

    assert requests(world) <= 20 + 1 / EVERY_S
    [answer] = answers(world)
    assert answer.startswith("⚠️ None of these 2 videos was taken: 50 videos of yours are on their way already.")
    assert answer.endswith(
        f"\nOf 999 more messages 1998 videos were not taken either; the last such message is {last.message_url}"
    )


async def test_after_a_while_without_a_refusal_the_next_one_is_answered_itself(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    refusals = Refusals(client, store, EVERY_S)

    await refusals.tell(posted(world), at(0), ALL, 2)
    await refusals.tell(posted(world), at(601), MANY, 200)
    await refusals.drain()

    assert len(answers(world)) == 2


async def test_what_was_refused_before_a_restart_is_told_once(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    stopped, first, second = Refusals(client, store, EVERY_S), posted(world), posted(world)
    await stopped.tell(first, at(0), ALL, 2)
    await stopped.drain()
    await stopped.tell(second, at(1), ALL, 2)
    await stopped.aclose()

    for _ in range(2):
        refusals = Refusals(client, store, EVERY_S)
        await refusals.restore()
        await refusals.tell(first, at(0), ALL, 2)  # its channel is read again
        await refusals.tell(second, at(1), ALL, 2)
        await refusals.drain()

    [answer] = answers(world)
    assert "Of 1 more message 2 videos were not taken either" in answer
    assert requests(world) == 2


async def test_an_answer_that_somebody_deleted_is_let_be(
    world: DiscordWorld, client: discord.Client, store: JobStore
) -> None:
    refusals = Refusals(client, store, EVERY_S)
    await refusals.tell(posted(world), at(0), ALL, 2)
    await refusals.drain()
    world.delete(world.messages("audit-process")[-1]["id"])

    await refusals.tell(posted(world), at(1), ALL, 2)
    async with asyncio.timeout(5):
        await refusals.drain()

    assert answers(world) == []
