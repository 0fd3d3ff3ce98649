"""Is there a newer yt-dlp? Asked of pip, which knows this machine's index, proxy and certificates."""

import asyncio
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from contextlib import suppress
from importlib.metadata import version

_PATIENCE_S = 30.0
_ASK = ("-m", "pip", "--disable-pip-version-check", "--retries", "0", "--timeout", "10", "index", "versions", "yt-dlp")


async def find_newer_ytdlp() -> str | None:
    """Return the newest release of yt-dlp; None where that is installed, or pip is absent or reaches none."""
    newest = await _newest()
    return newest if newest and _numbers(newest) > _numbers(version("yt-dlp")) else None


def how_to_update(newest: str | None) -> str:
    """Return what to do for `newest`, or for whatever is the newest."""
    return (
        'Update it, `pip install --upgrade "yt-dlp[default]"`, and restart the bot. Where each deploy installs'
        f" requirements.txt, write yt-dlp[default]=={newest or '<newest>'} there, and leave out the line of yt-dlp-ejs."
    )


async def _newest() -> str | None:
    """Return the newest release that pip reaches; pre-releases do not count."""
    try:
        pip = await asyncio.create_subprocess_exec(sys.executable, *_ASK, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL)
    except OSError:  # there is no room for another process: another time
        return None
    try:
        async with asyncio.timeout(_PATIENCE_S):
            output, _ = await pip.communicate()
    except TimeoutError:
        return None
    finally:
        with suppress(ProcessLookupError):  # it has ended by itself
            pip.kill()
        await pip.wait()
    found = re.match(rb"yt-dlp \((\d+(?:\.\d+)+)\)", output)
    return found[1].decode() if found else None


def _numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdecimal())
