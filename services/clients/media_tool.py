"""Takes a downloaded file apart into picture and sound, in a short-lived child: that is all a hostile file can kill."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from services.clients.child import Limits, start
from services.clients.disk import full_disk
from services.errors import PermanentError, TransientError
from services.media import Media, MediaFile

SCRIPT = Path(__file__).with_name("media_child.py")


MAX_MEMORY_MB = 1024
"""Of the child."""


async def take_apart(
    file: Path,
    folder: Path,
    *,
    timeout_s: float = 600.0,
    max_duration_s: float = 43200.0,
    max_bytes: int = 10 * 2**30,
) -> Media:
    """Return the video and the sound of `file`, and its real duration.

    The video is the file itself, where it has a moving picture. The sound is a copy of the first track in `folder`, in
    a format that any player knows; a sound recording in such a format is returned as it is. Of a truncated file, what
    can be read counts. Of a file that is longer than `max_duration_s` only the duration is told. Raise PermanentError
    for a file that is no media, or would take more memory than MAX_MEMORY_MB or more room than `max_bytes`,
    OperatorError when the disk is full, TransientError when it takes too long.
    """
    limits = Limits(memory=MAX_MEMORY_MB * 2**20, file=max_bytes)
    try:
        async with asyncio.timeout(timeout_s), aclosing(await start(SCRIPT, limits=limits)) as child:
            child.send({"file": str(file), "folder": str(folder), "max_duration_s": max_duration_s})
            async for answer in child.events():
                if "error" in answer:
                    raise PermanentError(answer["error"])
                if "disk_full" in answer:
                    raise full_disk()
                return Media(_media_file(answer["video"]), _media_file(answer["audio"]), answer["duration_s"])
            raise child.unexpected_end("The media reader")
    except TimeoutError:
        raise TransientError(f"Taking the file apart took longer than {timeout_s:g} seconds.") from None


def _media_file(answer: tuple[str, int] | None) -> MediaFile | None:
    return answer and MediaFile(Path(answer[0]), size=answer[1])
