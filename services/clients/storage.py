"""Where finished files go: Google Drive, or a local folder where no Google account is connected."""

from pathlib import Path
from typing import Protocol

from services.media import Progress, StoredFile


class Storage(Protocol):
    """Folders and files that are found before they are made, by an `owner` (a job) and a `role` planted on them."""

    async def ensure_folder(self, name: str, *, owner: str, role: str, parent: str | None = None) -> StoredFile:
        """Return the folder of this owner and role, made under `parent` (a folder's id; None: the root) if need be."""

    async def is_there(self, stored: StoredFile) -> bool:
        """Return whether nobody has removed this file or folder."""

    async def upload(
        self, path: Path, name: str, *, folder: str, owner: str, role: str, progress: Progress
    ) -> StoredFile:
        """Store a file in `folder` (its id) under a name that any platform can keep, whole and with the right md5.

        A file of this owner and role that is already there with the same md5 is returned as it is.
        """
