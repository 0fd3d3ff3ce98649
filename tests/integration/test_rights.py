"""Rules of who may look and who may act, with the real discord.py against the sandbox's Discord."""

import pytest

from cogs.rights import RefusedError, Rights
from sandbox.discord.permissions import Permission
from sandbox.discord.world import DiscordWorld
from services.jobs.job import Job
from tests.builders import a_job, an_origin
from tests.integration.conftest import Ask

MANAGE_THREADS = 1 << 34


@pytest.fixture
def rights() -> Rights:
    return Rights(lambda guild: guild is not None)


def id_of(world: DiscordWorld, channel: str) -> int:
    return int(world.channel_id(channel))


def posted(world: DiscordWorld, channel: str, author_id: str = "4") -> Job:
    return a_job(origin=an_origin(channel_id=id_of(world, channel), author_id=int(author_id)))


def fetches(world: DiscordWorld, channel_id: int) -> int:
    return len([one for one in world.exchanges if one.path.endswith(f"/channels/{channel_id}")])


async def test_who_may_not_see_a_channel_does_not_see_its_videos(world: DiscordWorld, ask: Ask, rights: Rights) -> None:
    ada = world.add_member("Ada")
    general, audit = id_of(world, "general"), id_of(world, "audit-process")
    world.permit("general", user=ada, deny=Permission.VIEW_CHANNEL)

    assert await rights.visible(await ask(ada), [general, audit]) == {audit}
    assert await rights.visible(await ask(), [general, audit]) == {general, audit}


async def test_a_thread_is_seen_by_who_sees_its_channel_and_a_private_one_by_moderators_and_inside_it(
    world: DiscordWorld, ask: Ask, rights: Rights
) -> None:
    ada, mod = world.add_member("Ada"), world.add_member("Mo", permissions=MANAGE_THREADS)
    thread, private = world.add_thread("general", "open"), world.add_thread("general", "private")
    world.store.channels[private]["type"] = 12
    threads = {int(thread), int(private)}

    assert await rights.visible(await ask(ada), threads) == {int(thread)}
    assert await rights.visible(await ask(mod), threads) == threads
    assert await rights.visible(await ask(ada, private), threads) == threads
    world.permit("general", user=ada, deny=Permission.VIEW_CHANNEL)
    assert await rights.visible(await ask(ada), threads) == set()


async def test_an_archived_thread_is_asked_for_once_and_follows_its_channels_rules(
    world: DiscordWorld, ask: Ask, rights: Rights
) -> None:
    ada = world.add_member("Ada")
    thread = world.add_thread("general", "old")
    world.archive(thread)

    assert await rights.visible(await ask(ada), [int(thread)]) == {int(thread)}
    world.permit("general", user=ada, deny=Permission.VIEW_CHANNEL)
    assert await rights.visible(await ask(ada), [int(thread)]) == set()
    assert fetches(world, int(thread)) == 1

    world.remove_channel("general")
    assert await rights.visible(await ask(), [int(thread)]) == set()


async def test_a_channel_that_is_gone_or_hidden_from_the_bot_is_asked_for_once(
    world: DiscordWorld, ask: Ask, rights: Rights
) -> None:
    gone, hidden = world.add_channel("gone"), world.add_channel("hidden")
    world.permit("hidden", deny=Permission.VIEW_CHANNEL)
    world.remove_channel("gone")
    question = await ask()

    for _ in range(2):
        assert await rights.visible(question, [int(gone)]) == set()
    assert fetches(world, int(gone)) == 1
    assert not await rights.may_act(question, posted(world, "hidden"))
    assert int(hidden) not in await rights.visible(await ask(world.add_member("Ada")), [int(gone)])


async def test_another_servers_videos_are_not_seen_and_break_nothing(
    world: DiscordWorld, ask: Ask, rights: Rights
) -> None:
    elsewhere = world.add_guild("Elsewhere", ["far"])
    far, audit = id_of(world, "far"), id_of(world, "audit-process")
    question = await ask()
    assert str(question.guild_id) != elsewhere

    assert await rights.visible(question, [far, audit]) == {audit}
    assert await rights.visible(await ask(channel="far"), [far, audit]) == {far}


async def test_who_posted_a_video_and_who_may_manage_messages_there_may_act_on_it_and_nobody_else(
    world: DiscordWorld, ask: Ask, rights: Rights
) -> None:
    ada, mod = world.add_member("Ada"), world.add_member("Mo", permissions=Permission.MANAGE_MESSAGES)
    job = posted(world, "general", ada["id"])

    assert await rights.may_act(await ask(ada), job)
    assert await rights.may_act(await ask(mod), job)
    assert not await rights.may_act(await ask(world.poster), job)
    assert await rights.may_act(await ask(world.owner), job)


async def test_who_was_shut_out_of_a_channel_may_no_longer_act_there(
    world: DiscordWorld, ask: Ask, rights: Rights
) -> None:
    ada, mod = world.add_member("Ada"), world.add_member("Mo", permissions=Permission.MANAGE_MESSAGES)
    for user in (ada, mod):
        world.permit("general", user=user, deny=Permission.VIEW_CHANNEL)
        assert not await rights.may_act(await ask(user), posted(world, "general", ada["id"]))

    world.permit("audit-process", user=mod, deny=Permission.MANAGE_MESSAGES)
    assert not await rights.may_act(await ask(mod), posted(world, "audit-process"))


async def test_a_server_that_is_not_served_is_refused(ask: Ask) -> None:
    rights = Rights(lambda guild: guild is not None and guild.name != "Audit Hall")

    with pytest.raises(RefusedError):
        await rights.visible(await ask(), [])
