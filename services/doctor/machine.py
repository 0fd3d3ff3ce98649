"""Are the tools for videos there, and is there room for videos?"""

import asyncio
import os
import shutil
from datetime import date
from pathlib import Path
from subprocess import CalledProcessError

import imageio_ffmpeg

from services.clients.threads import in_own_thread
from services.doctor.finding import Finding, Level, failed, gigabytes
from services.doctor.newest import find_newer_ytdlp, how_to_update
from services.doctor.probe import REINSTALL, ask
from services.errors import AuditscribeError

_FIRST_SAFE = date(2026, 7, 4)
"""Before it, yt-dlp had known holes."""
_OLD_DAYS = 90
"""Sites change, and yt-dlp with them; from this age on it warns of itself."""
_SCARCE_BYTES = 10**9


async def check_ffmpeg() -> list[Finding]:
    try:
        version = await in_own_thread(imageio_ffmpeg.get_ffmpeg_version)
    except (OSError, RuntimeError, CalledProcessError) as error:
        return [Finding(Level.RED, "ffmpeg", f"It cannot be used: {error}.", REINSTALL)]
    return [Finding(Level.OK, "ffmpeg", f"Version {version} is there.")]


async def check_ytdlp(today: date) -> list[Finding]:
    """Look at yt-dlp: its age, which its version tells, whether a newer one is out, and its JavaScript runtime."""
    try:
        answer, newest = await asyncio.gather(ask("ytdlp_child.py"), find_newer_ytdlp())
    except AuditscribeError as error:
        return [failed("yt-dlp", error, REINSTALL)]
    year, month, day = map(int, answer["version"].split(".")[:3])
    return [_age(date(year, month, day), today, newest), _runtime(answer["deno"])]


def check_disk(data_dir: Path, largest_bytes: int) -> Finding:
    """Look at the room where videos lie while they are worked on; `largest_bytes`: the largest that is taken."""
    place = next(folder for folder in (data_dir, *data_dir.resolve().parents) if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        text = f"The bot cannot write into DATA_DIR, {data_dir}."
        return Finding(Level.RED, "Disk", text, f"Give the bot's user the right to write there: {place}.")
    free = shutil.disk_usage(place).free
    text = f"{gigabytes(free)} are free in DATA_DIR."
    if free < _SCARCE_BYTES:
        return Finding(Level.RED, "Disk", text, "Free some space there.")
    if free < largest_bytes:
        smaller = f"{text[:-1]}, and MAX_FILESIZE_MB allows videos of {gigabytes(largest_bytes)}."
        return Finding(Level.WARNING, "Disk", smaller, "Free some space there, or lower MAX_FILESIZE_MB.")
    return Finding(Level.OK, "Disk", text)


def _age(release: date, today: date, newest: str | None) -> Finding:
    days = (today - release).days
    text = f"It is of {release.isoformat()}, {days} days old{f', and {newest} is out' if newest else ''}."
    if release < _FIRST_SAFE:
        return Finding(Level.RED, "yt-dlp", f"{text} It has known holes.", how_to_update(newest))
    if newest or days > _OLD_DAYS:
        return Finding(Level.WARNING, "yt-dlp", text, how_to_update(newest))
    return Finding(Level.OK, "yt-dlp", text)


def _runtime(version: str | None) -> Finding:
    if version is None:
        return Finding(
            Level.RED, "JavaScript runtime", "There is no deno, or too old a one: YouTube needs it.", REINSTALL
        )
    return Finding(Level.OK, "JavaScript runtime", f"deno {version} is there.")
