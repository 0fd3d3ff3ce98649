"""One recogniser in a process of its own: `python -m bench.contender NAME MODEL`, where MODEL is a folder.

Asked and answering in JSON lines, one at a time: {"audio"} gets {"seconds", "text"}. The model is loaded
before the first line: {}. None of them is told the language.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from faster_whisper import BatchedInferencePipeline, WhisperModel

from services.clients.whisper import WhisperTranscriber

_ONE_DAY_S = 86_400.0

Hear = Callable[[Path], Awaitable[str]]
"""Given a sound file, returns the words."""


def default(model: str) -> Hear:
    """faster-whisper as its README first shows it, with nothing set: it takes all cores by itself."""
    whisper = WhisperModel(model, compute_type="int8")

    async def hear(audio: Path) -> str:
        segments, _ = whisper.transcribe(str(audio))
        return "".join(segment.text for segment in segments)

    return hear


def batched(model: str) -> Hear:
    """faster-whisper's batched pipeline, as its README shows it."""
    pipeline = BatchedInferencePipeline(WhisperModel(model, compute_type="int8"))

    async def hear(audio: Path) -> str:
        segments, _ = pipeline.transcribe(str(audio), batch_size=8)
        return "".join(segment.text for segment in segments)

    return hear


def ours(model: str) -> Hear:
    """The bot's own, as it comes, but that its child stays while others have their turn."""
    transcriber = WhisperTranscriber(model=model, compute_type="int8", idle_timeout_s=_ONE_DAY_S)

    async def hear(audio: Path) -> str:
        transcript = await transcriber.transcribe(audio, language=None, heard=lambda _: None)
        return transcript.text

    return hear


CONTENDERS: dict[str, Callable[[str], Hear]] = {"default": default, "batched": batched, "ours": ours}


async def main(name: str, model: str) -> None:
    """Answer until stdin ends."""
    hear = CONTENDERS[name](model)
    _tell({})
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked = json.loads(line)
        begun = time.perf_counter()
        text = await hear(Path(asked["audio"]))
        _tell({"seconds": time.perf_counter() - begun, "text": text})


def _tell(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
