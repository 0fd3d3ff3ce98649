"""The bot, or a worker, that sleeps instead of hearing: `python -m bench.sleeping_bot [worker]`, settings as the bot's.

Several of them on two cores then show what the line costs, and not what the recogniser does.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from bot.__main__ import main
from services.clients.whisper import WhisperTranscriber
from services.media import Segment, Transcript

SLEEP = "BENCH_SLEEP_S"


async def _sleep(_self: WhisperTranscriber, _audio: Path, **_: Any) -> Transcript:
    seconds = float(os.environ[SLEEP])
    await asyncio.sleep(seconds)
    return Transcript((Segment(0.0, seconds, "What was said while nobody listened."),), "en", "sleep")


if __name__ == "__main__":
    WhisperTranscriber.transcribe = _sleep  # type: ignore[method-assign, assignment]  # that is what this bot is for
    sys.exit(main())
