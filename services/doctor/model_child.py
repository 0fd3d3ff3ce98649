"""Looks for a speech model as faster-whisper would, without loading it (the wire: services/clients/child.py).

    {"model"}                                           a folder or a name

    {"folder", "missing", "bytes", "known", "gpus"}     folder null: not fetched yet; missing: parts that it lacks;
                                                        bytes of weights; known: what names there are, where it has
                                                        none of them; gpus: how many can be used

It is run by itself, so it imports nothing of ours.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import ctranslate2
from faster_whisper.utils import available_models, download_model
from huggingface_hub.errors import LocalEntryNotFoundError

PARTS = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")
"""What a whole model has. Without the tokenizer, faster-whisper would look for one on the network."""


def main() -> None:
    """Tell it and end."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    events.write(json.dumps(look_for(json.loads(sys.stdin.readline())["model"])) + "\n")


def look_for(model: str) -> dict[str, Any]:
    found = {"folder": None, "missing": [], "bytes": 0, "known": [], "gpus": ctranslate2.get_cuda_device_count()}
    try:
        folder = folder_of(model)
    except ValueError:  # it is no model's name, nor that of a repository
        return {**found, "known": available_models()}
    if folder is None:
        return found
    missing = [part for part in PARTS if not any(folder.glob(part))]
    size = 0 if "model.bin" in missing else (folder / "model.bin").stat().st_size
    return {**found, "folder": str(folder), "missing": missing, "bytes": size}


def folder_of(model: str) -> Path | None:
    """Return where a model lies, None for one that was not fetched yet; raise ValueError for a name that cannot be."""
    if Path(model).is_dir():
        return Path(model)
    try:
        return Path(download_model(model, local_files_only=True))
    except LocalEntryNotFoundError:
        return None


if __name__ == "__main__":
    main()
