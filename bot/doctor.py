"""Every check of a deployment, one after another for the reader: for `python -m bot doctor`, and for /doctor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timezone

import discord

from bot.client import use_addresses
from bot.routes import routes_of
from bot.start import StartError, log_in
from cogs.discord_checks import check_discord
from config.notion_config import Routes
from config.settings import Settings
from services.clients.notion import NotionClient
from services.doctor.drive import check_drive
from services.doctor.finding import Finding, Level
from services.doctor.ledger import check_ledger
from services.doctor.machine import check_disk, check_ffmpeg, check_ytdlp
from services.doctor.memory import find_memory
from services.doctor.model import check_model
from services.doctor.notion import check_notion

_PATIENCE_S = 60.0
"""For each part; whoever asked is waiting."""
_LOGIN = "Check DISCORD_TOKEN (in the developer portal: Bot > Reset Token) and DISCORD_API_URL."

Check = Awaitable[Sequence[Finding]]


async def diagnose(settings: Settings, drive_folders: Mapping[str, str], *, fix: bool) -> list[Finding]:
    """Examine a deployment whose bot need not run."""
    use_addresses(settings.discord_api_url, settings.discord_gateway_url)
    routes = routes_of(settings, drive_folders)

    async def look_at_discord() -> list[Finding]:
        async with discord.Client(intents=discord.Intents.none()) as client:
            try:
                await log_in(client, settings.discord_token.get_secret_value())
            except StartError as error:
                return [Finding(Level.RED, "Discord", str(error), _LOGIN)]
            return await check_discord(client, routes, settings.discord_guild_ids)

    async with aclosing(NotionClient(settings.notion_token.get_secret_value(), settings.notion_api_url)) as notion:
        return await examine(settings, routes, notion, look_at_discord, fix=fix)


async def examine(
    settings: Settings, routes: Routes, notion: NotionClient, look_at_discord: Callable[[], Check], *, fix: bool
) -> list[Finding]:
    """Return what all checks find, none of which stops the others; `fix` creates what Notion's databases lack."""
    checks: dict[str, Check] = {
        "Discord": look_at_discord(),
        "Notion": check_notion(notion, routes.routes, fix=fix),
        "Files": _look_at_storage(settings, routes),
        "Speech model": check_model(
            settings.whisper_model, settings.whisper_device, settings.whisper_compute_type, find_memory()
        ),
        "yt-dlp": check_ytdlp(datetime.now(timezone.utc).date()),
        "ffmpeg": check_ffmpeg(),
        "Ledger": check_ledger(settings.ledger_url),
    }
    found = await asyncio.gather(*(_in_time(subject, check) for subject, check in checks.items()))
    disk = check_disk(settings.data_dir, settings.max_filesize_mb * 2**20)
    return [*(finding for findings in found for finding in findings), disk]


async def _look_at_storage(settings: Settings, routes: Routes) -> list[Finding]:
    if not settings.uses_drive:
        folder = settings.data_dir / "files"
        return [Finding(Level.OK, "Files", f"They are kept in {folder}: no Google account is set.")]
    return await check_drive(
        settings.google_token_file,
        settings.google_service_account_file,
        settings.drive_api_url,
        {route.channel: route.drive_folder for route in routes.routes},
        delegated_user=settings.google_delegated_user,
    )


async def _in_time(subject: str, check: Check) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await check
    except TimeoutError:
        text = f"No answer came within {_PATIENCE_S:.0f} s."
        return [Finding(Level.RED, subject, text, "Try again in a few minutes.")]
