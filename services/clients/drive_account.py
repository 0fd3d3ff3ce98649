"""What a Google account offers the bot: room, and folders."""

from dataclasses import dataclass

from google.auth.credentials import Credentials

from services.clients.drive_http import PROVIDER, drive_service, execute
from services.errors import OperatorError

_FOLDER_FIELDS = "name,trashed,driveId,capabilities/canAddChildren"


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes; a `limit` of None: as much as one likes, of 0: the account owns no storage (a service account's)."""

    used: int
    limit: int | None

    def takes(self, size: int) -> bool:
        return self.limit is None or size <= self.limit - self.used


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as the bot sees it. What lies in a shared drive needs no room of the account's own."""

    name: str
    takes_files: bool
    in_shared_drive: bool


class DriveAccount:
    """Questions about the Drive of `credentials`; each raises as `DriveStorage` does."""

    def __init__(self, credentials: Credentials, api_url: str = "https://www.googleapis.com") -> None:
        self._drive = drive_service(credentials, api_url)

    async def room(self) -> Room:
        quota = (await execute(self._drive.about().get(fields="storageQuota")))["storageQuota"]
        return Room(int(quota.get("usage", 0)), int(quota["limit"]) if "limit" in quota else None)

    async def require_room(self, size: int, folder_id: str) -> None:
        """Ask for `size` bytes before any is sent: Drive may take hours of them before it says that they do not fit.

        Raises OperatorError where they do not; whatever the account has, a folder in a shared drive takes them.
        """
        if (await self.folder(folder_id)).in_shared_drive or (room := await self.room()).takes(size):
            return
        raise OperatorError(_too_little(size, room), provider=PROVIDER)

    async def folder(self, folder_id: str) -> Folder:
        found = await execute(self._drive.files().get(fileId=folder_id, fields=_FOLDER_FIELDS, supportsAllDrives=True))
        return Folder(
            found["name"],
            takes_files=found["capabilities"]["canAddChildren"] and not found["trashed"],
            in_shared_drive="driveId" in found,
        )


def _too_little(size: int, room: Room) -> str:
    if not room.limit:
        return (
            "This Google account owns no storage, as is usual for a service account: "
            "use a folder in a shared drive (DRIVE_FOLDER_<CHANNEL>) or set GOOGLE_DELEGATED_USER."
        )
    free = max(room.limit - room.used, 0)
    return (
        f"Google Drive has too little room for this video: {size / 10**9:.1f} GB are needed, {free / 10**9:.1f} GB are "
        "free. Somebody must free some space there."
    )
