"""The speech recogniser's own process: one warm model, asked and answering in JSON lines (the wire: child.py).

The first line says how to load the model: {"model", "device", "compute_type", "workers", "download_root"}.
One that cannot be loaded ends the process, with the reason as the last line on stderr. Then, any number at once:

    {"id", "audio", "language", "beam"}   starts a transcription of a file; language null: detect it
    {"cancel": id}                ends it at its next segment, and forgets it

    {"id"}                                       a sign of life
    {"id", "segment": [start, end, text]}        seconds from the start of the file
    {"id", "language"}                           the end
    {"id", "error": "permanent", "text"}         or "operator": the end too, in a sentence for people
    {"id", "error": "failed", "text"}            the end too, in a library's words

It is run by itself, so it imports nothing of ours.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from av.error import FFmpegError
from faster_whisper import WhisperModel, decode_audio

Event = dict[str, Any]
Tell = Callable[..., None]


class RefusedError(Exception):
    """Why a request cannot be met, and whether it is `permanent` or for the `operator` to mend."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


def main() -> None:
    """Load the model, then take requests until stdin ends."""
    tell = open_wire()
    threading.excepthook = crash
    model = load(**json.loads(sys.stdin.readline()))
    cancelled: dict[int, threading.Event] = {}
    for line in sys.stdin:
        message = json.loads(line)
        if "cancel" in message:
            cancelled.pop(message["cancel"]).set()
        else:
            cancelled[message["id"]] = event = threading.Event()
            threading.Thread(target=answer, args=(model, message, event, tell), daemon=True).start()
    os._exit(0)  # not through the interpreter's end, which waits for the model's threads


def open_wire() -> Tell:
    """Return what writes an event; from here on everything else that is printed goes to stderr."""
    events = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    lock = threading.Lock()

    def tell(**event: Any) -> None:
        with lock:
            events.write(json.dumps(event) + "\n")

    return tell


def crash(failure: threading.ExceptHookArgs) -> None:
    """End the process with a thread that failed in a way nobody foresaw: its job must not wait for ever."""
    threading.__excepthook__(failure)
    sys.stderr.flush()
    os._exit(1)


def load(*, model: str, device: str, compute_type: str, workers: int, download_root: str | None) -> WhisperModel:
    """Load the model for `workers` transcriptions at once, which share the cores.

    A second thread in one worker gains nothing while others have work, so no core is promised twice.
    """
    return WhisperModel(
        model,
        device=device,
        compute_type=compute_type,
        cpu_threads=max(1, (os.cpu_count() or 1) // workers),
        num_workers=workers,
        download_root=download_root,
        local_files_only=Path(model).is_dir(),
    )


def answer(model: WhisperModel, request: Event, cancelled: threading.Event, tell: Tell) -> None:
    """Tell all events of one transcription, and how it ended."""
    number = request["id"]
    try:
        for event in transcribe(model, request["audio"], request["language"], request["beam"]):
            if cancelled.is_set():
                return
            tell(id=number, **event)
    except RefusedError as refusal:
        tell(id=number, error=refusal.kind, text=str(refusal))
    except (MemoryError, RuntimeError, ValueError) as error:
        tell(id=number, error="failed", text=" ".join(str(error).split()) or "out of memory")


def transcribe(model: WhisperModel, audio: str, language: str | None, beam: int) -> Iterator[Event]:
    """Yield the events of one file: segments as they come and the language; an empty one after each silent step.

    Without the text before as a prompt, a loop cannot feed itself. English-only models take any language for English.
    """
    if language is not None and model.model.is_multilingual and language not in model.supported_languages:
        raise RefusedError(
            "operator",
            f"The speech model knows no language {language!r}: the operator must name it by its code, such as 'en'.",
        )
    yield {}
    samples = decode(audio)
    yield {}
    segments, info = model.transcribe(
        samples, language=language, beam_size=beam, vad_filter=True, condition_on_previous_text=False
    )
    yield {}
    for segment in segments:
        yield {"segment": [segment.start, segment.end, segment.text]}
    yield {"language": info.language}


def decode(audio: str) -> Any:
    """Return the sound of a file as 16 kHz mono samples."""
    try:
        return decode_audio(audio)
    except (FFmpegError, IndexError) as error:  # IndexError: there is no sound track
        raise RefusedError(
            "permanent", "The sound of this file cannot be decoded: post it again in another format."
        ) from error


if __name__ == "__main__":
    main()
