"""Rules of the doctor's look at the machine: model, memory, tools, disk and ledger."""

import sqlite3
from datetime import date, timedelta
from pathlib import Path

import pytest

from sandbox.model import tiny_en
from services.doctor.finding import Finding, Level
from services.doctor.ledger import check_ledger
from services.doctor.machine import check_disk, check_ffmpeg, check_ytdlp
from services.doctor.memory import Memory, find_memory
from services.doctor.model import check_model
from services.store import open_store

GB = 10**9
PLENTY = Memory(64 * GB, 64 * GB)


def url_of(path: Path) -> str:
    return f"sqlite+aiosqlite:///{path}"


async def test_a_whole_model_that_fits_is_fine() -> None:
    findings = await check_model(str(tiny_en()), "auto", "int8", PLENTY)

    assert [finding.level for finding in findings] == [Level.OK, Level.OK]
    assert "0.5 GB" in findings[1].text


async def test_a_folder_without_all_parts_is_red_and_they_are_named(tmp_path: Path) -> None:
    for part in ("config.json", "vocabulary.txt"):
        (tmp_path / part).touch()

    [finding] = await check_model(str(tmp_path), "auto", "default", PLENTY)

    assert finding.level is Level.RED
    assert "lacks model.bin, tokenizer.json" in finding.text


async def test_a_name_that_is_not_fetched_yet_is_a_warning(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))

    presence, room = await check_model("large-v3", "auto", "int8", PLENTY)

    assert presence.level is Level.WARNING
    assert "not fetched yet" in presence.text
    assert "2.0 GB of memory" in room.text  # 1.5 billion weights of a byte each


async def test_a_name_that_nobody_knows_is_red_and_the_known_ones_are_named() -> None:
    [finding] = await check_model("tini", "auto", "default", PLENTY)

    assert finding.level is Level.RED
    assert "tiny.en" in finding.remedy


async def test_a_gpu_that_is_not_there_is_red() -> None:
    findings = await check_model(str(tiny_en()), "cuda", "default", None)

    assert [finding.level for finding in findings] == [Level.OK, Level.RED]


@pytest.mark.parametrize(
    ("memory", "level"), [(Memory(8 * GB, GB // 2), Level.WARNING), (Memory(GB // 2, GB // 2), Level.RED)]
)
async def test_a_model_larger_than_the_memory_is_told(memory: Memory, level: Level) -> None:
    *_, finding = await check_model(str(tiny_en()), "cpu", "default", memory)

    assert finding.level is level
    assert "WHISPER_COMPUTE_TYPE" in finding.remedy


@pytest.mark.parametrize(
    ("group", "file", "limit"),
    [
        ("0::/job/bot", "sys/fs/cgroup/job/memory.max", 2 * GB),
        ("0::/job/bot", "sys/fs/cgroup/memory.max", 2 * GB),
        ("3:cpu:/\n4:memory:/job", "sys/fs/cgroup/memory/memory.limit_in_bytes", 2 * GB),
        ("0::/", "sys/fs/cgroup/memory.max", "max"),
    ],
)
def test_a_container_has_no_more_memory_than_it_is_given(
    tmp_path: Path, group: str, file: str, limit: int | str
) -> None:
    for path, content in {
        "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\nHugePages_Total: 0",
        "proc/self/cgroup": group,
        file: str(limit),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content)

    expected = Memory(limit, limit) if isinstance(limit, int) else Memory(8_192_000_000, 4_096_000_000)
    assert find_memory(tmp_path) == expected


def test_elsewhere_the_memory_is_not_known(tmp_path: Path) -> None:
    assert find_memory(tmp_path) is None


@pytest.mark.usefixtures("no_index")
async def test_the_tools_of_this_environment_are_there() -> None:
    findings = [*await check_ffmpeg(), *await check_ytdlp(date(2026, 8, 20))]

    assert [finding.subject for finding in findings] == ["ffmpeg", "yt-dlp", "JavaScript runtime"]
    assert {finding.level for finding in findings} == {Level.OK}


@pytest.mark.usefixtures("no_index")
async def test_an_old_ytdlp_is_a_warning() -> None:
    age, _ = await check_ytdlp(date.today() + timedelta(days=400))  # noqa: DTZ011 (a day more or less is all the same)

    assert age.level is Level.WARNING
    assert "pip install --upgrade" in age.remedy


@pytest.mark.parametrize(("largest", "level"), [(1, Level.OK), (10**18, Level.WARNING)])
def test_room_for_the_largest_video_is_wanted(tmp_path: Path, largest: int, level: Level) -> None:
    assert check_disk(tmp_path / "data" / "of the bot", largest).level is level


def test_a_folder_that_cannot_be_written_is_red() -> None:
    assert check_disk(Path("/dev/null/data"), 1).level is Level.RED


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def the_ledger(path: Path) -> Finding:
    [finding] = await check_ledger(url_of(path))
    return finding


async def test_a_ledger_is_not_made_by_looking_for_it(tmp_path: Path) -> None:
    finding = await the_ledger(tmp_path / "ledger.db")

    assert finding.level is Level.OK
    assert "none yet" in finding.text
    assert files_in(tmp_path) == []


async def test_a_ledger_in_use_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    store = await open_store(url_of(path))

    finding = await the_ledger(path)
    await store.aclose()

    assert (finding.level, finding.text) == (Level.OK, "It is whole.")


async def test_a_damaged_ledger_is_red(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    await (await open_store(url_of(path))).aclose()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\x55" * len(content[4096:])
    path.write_bytes(content)

    assert (await the_ledger(path)).level is Level.RED


async def test_a_file_that_is_no_ledger_is_red(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_text("This is no database, however long one looks at it." * 100)

    assert (await the_ledger(path)).level is Level.RED


@pytest.mark.parametrize(("schema", "level"), [("9999", Level.RED), ("0001", Level.OK)])
async def test_a_ledger_of_a_newer_release_is_red_and_an_older_one_is_fine(
    tmp_path: Path, schema: str, level: Level
) -> None:
    path = tmp_path / "ledger.db"
    await (await open_store(url_of(path))).aclose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [schema])
    connection.close()

    assert (await the_ledger(path)).level is level
