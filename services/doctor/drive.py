"""Can the finished files go to Google Drive?"""

from collections.abc import Mapping
from pathlib import Path

from services.clients.drive_account import DriveAccount, Folder, Room
from services.clients.drive_login import load_credentials
from services.doctor.finding import Finding, Level, failed, gigabytes
from services.errors import AuditscribeError, PermanentError, TransientError

_SUBJECT = "Google Drive"
_SCARCE_BYTES = 2 * 10**9
_LOGIN = (
    "Run `python -m bot drive-login`, set GOOGLE_TOKEN_FILE to the file that it writes, and restart the bot; or set"
    " GOOGLE_SERVICE_ACCOUNT_FILE to a service account's key."
)
_NO_STORAGE = (
    "Set a folder in a shared drive for every channel (DRIVE_FOLDER_<CHANNEL>), or GOOGLE_DELEGATED_USER, or log in as"
    " a person: `python -m bot drive-login`."
)
_INVISIBLE = (
    "A folder that was made by hand is invisible to the bot under its scope drive.file: remove the setting, so that the"
    " bot makes its own folder. Or use a service account, and share the folder with its address."
)


async def check_drive(
    token_file: Path | None,
    service_account_file: Path | None,
    api_url: str,
    folders: Mapping[str, str | None],
    *,
    delegated_user: str | None = None,
) -> list[Finding]:
    """Look at the login, at the folder of each channel (None: the bot's own), and at the room that is left."""
    try:
        account = DriveAccount(load_credentials(token_file, service_account_file, delegated_user), api_url)
    except AuditscribeError as error:
        return [failed(_SUBJECT, error, _LOGIN)]
    try:
        room = await account.room()
    except AuditscribeError as error:
        return [failed(_SUBJECT, error, "Mend what this says, then ask the doctor again.")]
    findings = []
    needs_room = False
    for channel, folder_id in folders.items():
        if folder_id is None:
            needs_room = True
            continue
        finding, folder = await _check_folder(account, channel, folder_id)
        needs_room |= folder is not None and not folder.in_shared_drive
        findings.append(finding)
    return [_check_room(room, needs_room=needs_room), *findings]


async def _check_folder(account: DriveAccount, channel: str, folder_id: str) -> tuple[Finding, Folder | None]:
    setting = f"DRIVE_FOLDER_{channel.upper().replace('-', '_')}"
    try:
        folder = await account.folder(folder_id)
    except (TransientError, PermanentError) as error:
        return failed(_SUBJECT, error, f"Check the folder's id in {setting}."), None
    except AuditscribeError:
        return Finding(Level.RED, _SUBJECT, f"The bot sees no folder of the id that {setting} has.", _INVISIBLE), None
    if not folder.takes_files:
        text = f'"{folder.name}", which {setting} names, takes no files: it is no folder, in the trash, or read-only.'
        remedy = "Let the bot's account write to it, or set another folder."
        return Finding(Level.RED, _SUBJECT, text, remedy), folder
    return Finding(Level.OK, _SUBJECT, f'The folder of {channel} is "{folder.name}".'), folder


def _check_room(room: Room, *, needs_room: bool) -> Finding:
    if not needs_room:
        return Finding(Level.OK, _SUBJECT, "The login is accepted, and all files go to shared drives.")
    if room.limit is None:
        return Finding(Level.OK, _SUBJECT, "The login is accepted, and the account's room has no limit.")
    if room.limit == 0:
        return Finding(Level.RED, _SUBJECT, "The login is accepted, but the account owns no storage.", _NO_STORAGE)
    free = room.limit - room.used
    text = f"The login is accepted, and {gigabytes(max(free, 0))} of {gigabytes(room.limit)} are free."
    if free >= _SCARCE_BYTES:
        return Finding(Level.OK, _SUBJECT, text)
    return Finding(Level.WARNING if free > 0 else Level.RED, _SUBJECT, text, "Free some space in this Google Drive.")
