"""Rules of the doctor's look at Discord, and of /doctor, with the real discord.py against the sandbox's Discord."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from bot.client import AuditscribeBot
from cogs.discord_checks import NEEDED, check_discord
from cogs.doctor import Doctor
from cogs.rights import Rights
from config.notion_config import default_routes
from sandbox.discord.permissions import Permission
from sandbox.discord.world import DiscordWorld
from sandbox.server import Fault
from services.doctor.finding import Finding, Level
from services.store import JobStore

ROUTES = default_routes(discord_message_db="a", videos_db=None, drive_uploads_db=None, drive_folders={})
BITS = {
    "View Channel": Permission.VIEW_CHANNEL,
    "Send Messages": Permission.SEND_MESSAGES,
    "Read Message History": Permission.READ_MESSAGE_HISTORY,
    "Add Reactions": Permission.ADD_REACTIONS,
    "Embed Links": Permission.EMBED_LINKS,
    "Send Messages in Threads": Permission.SEND_MESSAGES_IN_THREADS,
}


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[DiscordWorld]:
    world = DiscordWorld()
    await world.start()
    monkeypatch.setattr(Route, "BASE", world.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(world.gateway_url))
    yield world
    await world.stop()
    assert world.violations == []


async def check(world: DiscordWorld, guild_ids: Collection[int] = ()) -> list[Finding]:
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(world.token)
        return await check_discord(client, ROUTES, guild_ids)


def red(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.level is Level.RED]


async def test_a_right_server_is_fine_and_no_session_is_opened(world: DiscordWorld) -> None:
    findings = await check(world)

    assert {finding.level for finding in findings} == {Level.OK}
    assert "#audit-process in Audit Hall" in findings[-1].text
    assert not world.connected


async def test_without_the_message_content_intent_a_line_is_red(world: DiscordWorld) -> None:
    world.application["flags"] = 0

    [finding] = red(await check(world))

    assert "Message Content Intent" in finding.remedy


def test_all_that_the_bot_does_in_a_channel_is_looked_at() -> None:
    assert set(NEEDED.values()) == BITS.keys()


@pytest.mark.parametrize("name", BITS)
async def test_each_permission_that_is_denied_is_named(world: DiscordWorld, name: str) -> None:
    world.permit("audit-process", deny=BITS[name])

    [finding] = red(await check(world))

    assert name in finding.text
    assert "#audit-process" in finding.text


async def test_a_channel_that_nobody_watches_may_deny_everything(world: DiscordWorld) -> None:
    world.permit("general", deny=Permission.VIEW_CHANNEL)

    assert red(await check(world)) == []


async def test_a_route_without_a_channel_is_told(world: DiscordWorld) -> None:
    world.remove_channel("audit-process")

    assert "audit-process" in red(await check(world))[0].text


async def test_in_several_servers_the_setting_is_asked_for(world: DiscordWorld) -> None:
    other = world.add_guild("Elsewhere", ["audit-process"])

    [undecided] = red(await check(world))
    decided = await check(world, [int(other)])

    assert "DISCORD_GUILD_IDS" in undecided.remedy
    assert red(decided) == []
    assert "in Elsewhere" in decided[-1].text


async def test_a_server_of_the_settings_that_the_bot_is_not_in_is_red_with_an_invitation(world: DiscordWorld) -> None:
    [finding] = red(await check(world, [int(world.guild_id), 42]))

    assert "42" in finding.text
    assert f"client_id={world.application['id']}" in finding.remedy


async def test_a_discord_that_fails_is_a_red_line(world: DiscordWorld) -> None:
    world.faults.append(Fault("GET", "/users/@me/guilds", 403, body={"code": 50001, "message": "Missing Access"}))

    [finding] = await check(world)

    assert finding.level is Level.RED


class Patient:
    """What the command examines; it remembers how it was asked."""

    def __init__(self, *findings: Finding) -> None:
        self.findings = findings
        self.asked: list[bool] = []

    async def __call__(self, *, fix: bool) -> Sequence[Finding]:
        self.asked.append(fix)
        return self.findings


@pytest.fixture
async def patient(world: DiscordWorld, store: JobStore) -> AsyncIterator[Patient]:
    """A patient whose bot is connected, with nothing but /doctor."""
    patient = Patient(Finding(Level.RED, "Notion", 'The column "*ETA* @everyone" is missing.', "Add it."))
    async with AuditscribeBot((), store) as bot:
        bot.with_cogs(Doctor(patient, Rights(bot.serves)))
        await bot.login(world.token)
        running = asyncio.create_task(bot.connect())
        await world.until(lambda: world.connected)
        yield patient
        await bot.close()
        await running


def shown(answer: Any) -> str:
    """Return what the asker reads, and nobody else."""
    assert all(message["flags"] & 64 for message in answer.said)
    return "\n".join(embed["description"] for message in answer.said for embed in message["embeds"]) or "".join(
        message["content"] for message in answer.said
    )


async def test_who_may_manage_the_server_is_told_everything(world: DiscordWorld, patient: Patient) -> None:
    manager = world.add_member("Mo", permissions=Permission.MANAGE_GUILD)

    answer = await world.slash("doctor", {"fix": True}, user=manager)
    await world.until(lambda: len(answer.responses) > 1)

    assert patient.asked == [True]
    assert shown(answer) == '❌ **Notion:** The column "\\*ETA\\* \\@everyone" is missing.\n-# → Add it.'


async def test_others_are_refused_by_the_bot_itself(world: DiscordWorld, patient: Patient) -> None:
    """A server can give a command to anyone, whatever its default permissions."""
    answer = await world.slash("doctor", user=world.add_member("Nosy", permissions=Permission.MANAGE_MESSAGES))
    await world.until(lambda: len(answer.responses) > 1)

    assert patient.asked == []
    assert shown(answer) == "Only those who may manage this server can ask the doctor."


@pytest.mark.usefixtures("patient")
async def test_the_command_is_offered_to_those_who_may_manage_the_server(world: DiscordWorld) -> None:
    [command] = [command for command in world.commands if command["name"] == "doctor"]

    assert command["default_member_permissions"] == str(int(Permission.MANAGE_GUILD))
