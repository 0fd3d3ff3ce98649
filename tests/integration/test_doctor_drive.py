"""Rules of the doctor's look at Google Drive: the login, the room, and the folders of the channels."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.drive.world import DriveWorld
from sandbox.server import Fault
from services.doctor.drive import check_drive
from services.doctor.finding import Finding, Level, any_red

GIB = 2**30


@pytest.fixture
async def drive() -> AsyncIterator[DriveWorld]:
    world = DriveWorld()
    await world.start()
    yield world
    await world.stop()
    assert world.violations == []


@pytest.fixture
def token_file(drive: DriveWorld, tmp_path: Path) -> Path:
    path = tmp_path / "token.json"
    drive.write_token_file(path)
    return path


async def check(drive: DriveWorld, token_file: Path, folder: str | None = None) -> list[Finding]:
    """Return what is told of a Drive with one channel's folder; nothing may be written for that."""
    findings = await check_drive(token_file, None, drive.url, {"market-outlook": folder})
    assert {exchange.method for exchange in drive.exchanges} <= {"GET"} or drive.consent.is_revoked
    return findings


async def test_a_login_with_room_is_fine(drive: DriveWorld, token_file: Path) -> None:
    [finding] = await check(drive, token_file)

    assert finding.level is Level.OK
    assert "16.1 GB of 16.1 GB are free" in finding.text


@pytest.mark.parametrize(("room", "level"), [(GIB, Level.WARNING), (0, Level.RED)])
async def test_scarce_room_is_told(drive: DriveWorld, token_file: Path, room: int, level: Level) -> None:
    drive.shelf.quota_bytes = room

    [finding] = await check(drive, token_file)

    assert finding.level is level
    assert finding.remedy


async def test_a_folder_made_by_hand_is_invisible_and_the_line_says_why(drive: DriveWorld, token_file: Path) -> None:
    _, finding = await check(drive, token_file, drive.made_by_hand("Market outlook"))

    assert finding.level is Level.RED
    assert "DRIVE_FOLDER_MARKET_OUTLOOK" in finding.text
    assert "made by hand is invisible" in finding.remedy


async def test_an_account_without_storage_may_use_a_shared_drive(drive: DriveWorld, token_file: Path) -> None:
    drive.shelf.quota_bytes = 0

    room, folder = await check(drive, token_file, drive.add_shared_drive("Audits"))

    assert not any_red([room, folder])
    assert '"Audits"' in folder.text


async def test_a_service_account_is_looked_at_as_the_person_it_works_for(drive: DriveWorld, tmp_path: Path) -> None:
    drive.write_service_account_file(tmp_path / "key.json")

    [fine] = await check_drive(None, tmp_path / "key.json", drive.url, {"x": None}, delegated_user="ada@example.com")
    [red] = await check_drive(None, tmp_path / "key.json", drive.url, {"x": None}, delegated_user="eve@example.com")

    assert (fine.level, red.level) == (Level.OK, Level.RED)
    assert "Domain-wide delegation" in red.text


async def test_what_is_no_folder_takes_no_files(drive: DriveWorld, token_file: Path) -> None:
    file = drive.made_by_hand("notes.txt", "text/plain")
    drive.shelf.files[file].by_app = True

    _, finding = await check(drive, token_file, file)

    assert finding.level is Level.RED
    assert "takes no files" in finding.text


async def test_a_revoked_login_says_how_to_log_in_again(drive: DriveWorld, token_file: Path) -> None:
    drive.consent.is_revoked = True
    drive.consent.access_tokens.clear()

    [finding] = await check(drive, token_file)

    assert finding.level is Level.RED
    assert "python -m bot drive-login" in finding.text


async def test_a_missing_token_file_is_told_without_asking_google(drive: DriveWorld, tmp_path: Path) -> None:
    [finding] = await check(drive, tmp_path / "nowhere.json")

    assert finding.level is Level.RED
    assert "GOOGLE_TOKEN_FILE" in finding.remedy
    assert drive.exchanges == []


async def test_trouble_with_one_folder_does_not_stop_the_others(drive: DriveWorld, token_file: Path) -> None:
    drive.faults.append(Fault("GET", "/drive/v3/files/", None))
    shared = drive.add_shared_drive("Audits")

    findings = await check_drive(token_file, None, drive.url, {"education": shared, "market-outlook": shared})

    assert [finding.level for finding in findings] == [Level.OK, Level.RED, Level.OK]
    assert findings[1].remedy == "Try again in a few minutes."
