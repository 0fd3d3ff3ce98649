"""What a start finds out from the services themselves; each fault of the settings is one sentence."""

import asyncio
import logging
from collections.abc import Sequence

import aiohttp
import discord
from discord.ext import commands

from config.notion_config import COLUMN_TYPES, ChannelRoute
from config.settings import Settings
from services.clients.drive import DriveStorage
from services.clients.drive_login import load_credentials
from services.clients.local_storage import LocalStorage
from services.clients.notion import DatabaseError, DataSource, NotionClient
from services.clients.storage import Storage
from services.errors import OperatorError, TransientError
from services.store import JobStore
from services.turns import Alone

log = logging.getLogger(__name__)

_CHECK_S = 10.0
"""How long a start waits for Notion, for each database."""


class StartError(Exception):
    """The bot cannot run; the text is one sentence that says what to mend."""


async def check_databases(notion: NotionClient, settings: Settings, routes: Sequence[ChannelRoute]) -> None:
    """Find the databases now: a wrong token or id is a fault of the settings, not of the first video.

    Raises:
        StartError: an address is wrong.
        OperatorError: Notion does not accept the token.
    """
    names = {
        settings.discord_message_db_id: "DISCORD_MESSAGE_DB_ID",
        settings.videos_db_id: "VIDEOS_DB_ID",
        settings.drive_uploads_db_id: "DRIVE_UPLOADS_DB_ID",
    }
    for route in routes:
        names.setdefault(route.database, f'"database" of [channels.{route.channel}] in CHANNELS_FILE')
    for address, name in names.items():
        try:
            async with asyncio.timeout(_CHECK_S):
                if address:
                    table = await notion.data_source(address)
                    _tell_missing(name, [route for route in routes if route.database == address], table)
        except DatabaseError as error:
            raise StartError(f"{name} is wrong: {error}") from None
        except (TransientError, TimeoutError) as error:
            log.warning("notion: %s could not be checked: %s", name, error or "no answer")


def open_storage(settings: Settings, store: JobStore, alone: Alone) -> Storage:
    """Return Google Drive, or the local folder that stands for it.

    Raises:
        StartError: Google's credentials cannot be used.
    """
    if not settings.uses_drive:
        folder = settings.data_dir.resolve() / "files"
        log.info("storage: the local folder %s", folder)
        return LocalStorage(folder)
    log.info("storage: Google Drive")
    token, account = settings.google_token_file, settings.google_service_account_file
    name = "GOOGLE_SERVICE_ACCOUNT_FILE" if account else "GOOGLE_TOKEN_FILE" if token else "STORAGE"
    try:
        credentials = load_credentials(token, account, settings.google_delegated_user)
    except OperatorError as error:
        raise StartError(f"{name} is wrong: {error}") from None
    return DriveStorage(credentials, settings.drive_api_url, notes=store, alone=alone)


async def log_in(bot: discord.Client, token: str) -> None:
    """Log in to Discord.

    Raises:
        StartError: Discord does not accept the token, or cannot be reached.
    """
    try:
        await bot.login(token)
    except discord.LoginFailure:
        raise StartError("DISCORD_TOKEN is wrong: Discord does not accept it.") from None
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        raise StartError(
            f"Discord cannot be reached at DISCORD_API_URL, or does not answer as it should: {error}."
        ) from None


async def stay_connected(bot: commands.Bot) -> None:
    """Listen to Discord until the bot is closed.

    Raises:
        StartError: the application lacks an intent, or Discord does not want the bot for another reason.
    """
    try:
        await bot.connect()
    except discord.PrivilegedIntentsRequired:
        raise StartError(
            "Discord keeps the messages' content from the bot: "
            "switch on the Message Content Intent in the developer portal (Bot > Privileged Gateway Intents)."
        ) from None
    except discord.ConnectionClosed as error:
        raise StartError(f"Discord ended the connection for good (code {error.code}).") from None


def _tell_missing(name: str, routes: Sequence[ChannelRoute], table: DataSource) -> None:
    """Statuses and errors cannot be told in a database without the columns for them."""
    wanted = {route.field_map[key]: COLUMN_TYPES[key] for route in routes for key in sorted(route.required_keys)}
    missing = [f"{column} ({kind})" for column, kind in wanted.items() if table.columns.get(column) != kind]
    if missing:
        log.error("notion: %s: the database lacks the column %s, add it there", name, " and ".join(missing))
