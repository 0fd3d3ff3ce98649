"""Takes a downloaded file apart into picture and sound, in a short-lived child: that is all a hostile file can kill."""

import asyncio
from contextlib import aclosing
from pathlib import Path

from services.clients.child import start
from services.clients.disk import full_disk
from services.errors import PermanentError, TransientError
from services.media import Media, MediaFile

SCRIPT = Path(__file__).with_name("media_child.py")


async def take_apart(file: Path, folder: Path, *, timeout_s: float = 600.0) -> Media:
    """Return the video and the sound of `file`, and its real duration.

    The video is the file itself, where it has a moving picture. The sound is a copy of the first track in `folder`, in
    a format that any player knows; a sound recording in such a format is returned as it is. Of a truncated file, what
    can be read counts. Raise PermanentError for a file that is no media, OperatorError when the disk is full,
    TransientError when it takes too long.
    """
    try:
        async with asyncio.timeout(timeout_s), aclosing(await start(SCRIPT)) as child:
            child.send({"file": str(file), "folder": str(folder)})
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
