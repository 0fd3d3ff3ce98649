"""What an operator should hear of now and then: yt-dlp ages, and sites stop to work with an old one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta

from services.doctor.newest import find_newer_ytdlp, how_to_update
from services.ledger_file import LedgerError
from services.store import JobStore

log = logging.getLogger(__name__)

_WEEK = timedelta(days=7)
_FIRST_LOOK_S = 600.0
"""A start has better things to do."""
_NOTE = "looked for a newer yt-dlp"


async def tell_news(
    store: JobStore,
    clock: Callable[[], datetime],
    *,
    first_look_s: float = _FIRST_LOOK_S,
    find: Callable[[], Awaitable[str | None]] = find_newer_ytdlp,
) -> None:
    """Say in the log, once a week however often the bot is started, that a newer yt-dlp is there; never return."""
    await asyncio.sleep(first_look_s)
    last = None
    with suppress(LedgerError):
        last = await store.find_note(_NOTE)
    wait = datetime.fromisoformat(last) + _WEEK - clock() if last else timedelta()
    while True:
        await asyncio.sleep(wait.total_seconds())
        if newest := await find():
            log.warning("yt-dlp: %s is out. %s", newest, how_to_update(newest))
        with suppress(LedgerError):  # at worst it is said again after the next start
            await store.keep_note(_NOTE, clock().isoformat())
        wait = _WEEK
