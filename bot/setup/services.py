"""What the services say to an answer. What they refuse is raised as a named error, whose text is for the person."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import discord

from bot.client import use_addresses
from cogs.discord_checks import check_intent, invitation
from cogs.discord_errors import named_errors
from config.settings import Settings
from services.clients.drive_account import DriveAccount
from services.clients.drive_http import PROVIDER
from services.clients.drive_login import load_credentials
from services.clients.notion import NotionClient
from services.doctor.finding import Finding
from services.errors import OperatorError


@dataclass(frozen=True, slots=True)
class Introduction:
    """Who a bot's token belongs to; `guilds`: the names of its servers by their ids."""

    name: str
    intent: Finding
    invitation: str
    guilds: Mapping[int, str]


async def meet_bot(settings: Settings, token: str) -> Introduction:
    """Log in to Discord; no session is opened."""
    use_addresses(settings.discord_api_url, settings.discord_gateway_url)
    async with discord.Client(intents=discord.Intents.none()) as client:
        with named_errors():
            try:
                await client.login(token)
            except discord.LoginFailure:
                raise OperatorError("Discord does not accept this token.", provider="Discord") from None
            application = await client.application_info()
            guilds = {guild.id: guild.name async for guild in client.fetch_guilds(limit=None)}
    return Introduction(application.name, check_intent(application), invitation(application.id), guilds)


async def meet_connection(settings: Settings, token: str) -> str:
    """Return the name of the Notion connection that a token belongs to."""
    async with _notion(settings, token) as notion:
        return await notion.connection_name()


async def count_columns(settings: Settings, token: str, address: str) -> int:
    """Return how many columns the Notion database at an address has."""
    async with _notion(settings, token) as notion:
        return len((await notion.data_source(address)).columns)


async def try_drive(settings: Settings, token_file: Path | None, service_account_file: Path | None) -> None:
    """Ask Drive whether it takes these credentials."""
    credentials = load_credentials(token_file, service_account_file, settings.google_delegated_user)
    await DriveAccount(credentials, settings.drive_api_url).room()


def kind_of_google_file(file: Path) -> str:
    """Return what a JSON file of Google's is: `client`, `service account` or `token`."""
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise OperatorError(f"{file} cannot be read as JSON: {error}.", provider=PROVIDER) from None
    match content:
        case {"installed": _} | {"web": _}:
            return "client"
        case {"type": "service_account"}:
            return "service account"
        case {"refresh_token": _}:
            return "token"
    raise OperatorError(f"{file} is neither an OAuth client, nor a service account's key.", provider=PROVIDER)


@asynccontextmanager
async def _notion(settings: Settings, token: str) -> AsyncIterator[NotionClient]:
    notion = NotionClient(token, settings.notion_api_url)
    try:
        yield notion
    finally:
        await notion.aclose()
