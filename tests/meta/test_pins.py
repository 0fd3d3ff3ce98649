"""What is installed is what is pinned: a package is audited by its version."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==([\w.!+-]+)(?: ; (?P<marker>.+?))?(?: \\)?")
PRODUCTION, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"


def pins(file: str, *, everywhere: bool = False) -> dict[str, str]:
    """Return the pins of a file, by name; `everywhere`: only those that no marker limits to some platforms."""
    lines = [line for line in (ROOT / file).read_text("utf-8").splitlines() if line and line[0] not in " #"]
    found = {line: PIN.fullmatch(line) for line in lines}
    assert [line for line, pin in found.items() if pin is None] == []
    return {pin[1]: pin[2] for pin in found.values() if pin and not (everywhere and pin["marker"])}


@pytest.mark.parametrize("file", sorted(file.name for file in ROOT.glob("requirements*.txt")))
def test_every_package_is_pinned_to_one_version(file: str) -> None:
    assert pins(file)


def test_the_tests_run_with_what_production_runs_with() -> None:
    tested = pins(DEVELOPMENT)

    assert {name: tested.get(name) for name in pins(PRODUCTION)} == pins(PRODUCTION)


def test_what_is_installed_is_what_is_pinned() -> None:
    pinned = pins(DEVELOPMENT, everywhere=True)

    assert {name: version(name) for name in pinned} == pinned


def test_yt_dlp_is_newer_than_its_known_faults() -> None:
    """Its advisories of 2026 are mended in 2026.7.4."""
    assert tuple(map(int, pins(PRODUCTION)["yt-dlp"].split("."))) >= (2026, 7, 4)
