"""The speech model that the benchmarks of the whole pipeline use: chosen here, for all of them."""

from pathlib import Path

from sandbox.model import tiny_en

NAME = "tiny.en"
COMPUTE_TYPE = "int8"


def speech_model() -> Path:
    """Return the model's folder."""
    return tiny_en()


def settings() -> dict[str, str]:
    """Return the bot's settings for it."""
    return {"WHISPER_MODEL": str(speech_model()), "WHISPER_COMPUTE_TYPE": COMPUTE_TYPE}
