"""Two of the sandbox's services, each with our client for it."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import discord
import pytest
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from sandbox.discord.world import DiscordWorld
from sandbox.notion.world import NotionWorld
from services.clients.notion import NotionClient


@pytest.fixture
async def world() -> AsyncIterator[DiscordWorld]:
    """Discord. Tests of another service have a world of their own."""
    world = DiscordWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
async def client(world: DiscordWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[discord.Client]:
    """Logged in; what only sends needs no gateway."""
    monkeypatch.setattr(Route, "BASE", world.api_url)
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(world.token)
        yield client


Ask = Callable[..., Awaitable[discord.Interaction[discord.Client]]]


class Asked(discord.Client):
    """Answers whatever it is asked, and hands the question on."""

    def __init__(self) -> None:
        super().__init__(intents=discord.Intents(guilds=True), guild_ready_timeout=0.05)
        self.questions: asyncio.Queue[discord.Interaction[discord.Client]] = asyncio.Queue()

    async def on_interaction(self, interaction: discord.Interaction[discord.Client]) -> None:
        await interaction.response.send_message("?", ephemeral=True)
        self.questions.put_nowait(interaction)


@pytest.fixture
async def ask(world: DiscordWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ask]:
    """Returns a function that gives a person's question, as the bot gets it; its first call connects the bot.

    It takes the person (Vera, if nobody is named) and the channel's name or id.
    """
    monkeypatch.setattr(Route, "BASE", world.api_url)
    monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(world.gateway_url))
    world.registry.overwrite(None, [{"name": "ask", "description": "Ask something"}])
    bot, running = Asked(), list[asyncio.Task[None]]()

    async def question(user: dict[str, Any] | None = None, channel: str = "audit-process") -> Any:
        if not running:
            running.append(asyncio.create_task(bot.start(world.token)))
            await world.until(lambda: world.connected)
            while not bot.is_ready():
                await asyncio.sleep(0.01)
        await world.slash("ask", user=user, channel=channel)
        return await bot.questions.get()

    async with bot:
        yield question
    await asyncio.gather(*running)


@pytest.fixture
async def notion_world() -> AsyncIterator[NotionWorld]:
    world = NotionWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
async def notion(notion_world: NotionWorld) -> AsyncIterator[NotionClient]:
    """In a hurry: the limit has tests of its own."""
    notion_world.gate.requests_per_second = 1000
    client = NotionClient(notion_world.token, notion_world.url, requests_a_second=1000)
    yield client
    await client.aclose()


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pip that is told of no package index: there is no network."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
