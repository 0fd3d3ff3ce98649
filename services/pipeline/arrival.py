"""A download under way, for those who need its sound before all of it is there."""

import asyncio
from pathlib import Path


class NothingCameError(Exception):
    """The download failed, of which its own lane tells."""


class Arrival:
    """The downloader tells where the sound grows, and then the end."""

    def __init__(self) -> None:
        self.sound_is_whole = asyncio.Event()
        """Nothing more is written to the file of the sound, which may get another name at that moment."""
        self.has_failed = False
        self._sound: Path | None = None
        self._told = asyncio.Event()
        self._over = asyncio.Event()

    def sound_in(self, file: Path, *, whole: bool = False) -> None:
        """Tell where the sound is; again, when it is whole."""
        self._sound = file
        self._told.set()
        if whole:
            self.sound_is_whole.set()

    def end(self, *, well: bool) -> None:
        """Tell that nothing more will come."""
        self.has_failed = not well
        if well:
            self.sound_is_whole.set()
        self._over.set()
        self._told.set()

    async def sound(self, *, other_than: Path | None = None) -> Path | None:
        """Return the file of the sound as soon as there is one, under a new name; None if the download ends before."""
        while self._sound == other_than and not self._over.is_set():
            self._told.clear()
            await self._told.wait()
        return None if self._sound == other_than else self._sound

    async def whole(self) -> None:
        """Return when everything is there. Raises NothingCameError."""
        await self._over.wait()
        if self.has_failed:
            raise NothingCameError
