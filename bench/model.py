"""The speech models that the benchmarks of the whole bot use."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sandbox.model import base, tiny_en

COMPUTE_TYPE = "int8"


@dataclass(frozen=True, slots=True)
class SpeechModel:
    """A model with COMPUTE_TYPE."""

    name: str
    folder: Callable[[], Path]

    def settings(self) -> dict[str, str]:
        """Return the bot's settings for it."""
        return {"WHISPER_MODEL": str(self.folder()), "WHISPER_COMPUTE_TYPE": COMPUTE_TYPE}


TINY = SpeechModel("tiny.en", tiny_en)
"""Where it is not the words that are measured."""
BASE = SpeechModel("base", base)
"""Where the time of transcription counts, as that of a model that people use."""
