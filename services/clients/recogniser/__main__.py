"""The speech recogniser's own process: one warm model, asked and answering in JSON lines (the wire: child.py).

The first line says how to load the model: {"model", "device", "compute_type", "workers", "beam", "download_root"}.
One that cannot be loaded ends the process, with the reason as the last line on stderr. Then, any number at once:

    {"id", "audio", "language", "from", "grows", "max_duration_s"}
                                                  starts a transcription of a file, from a second of it on, where a
                                                  child before this one came to; language null: detect it; grows: bytes
                                                  are still appended to it; more sound than `max_duration_s` is refused
    {"whole": id}                                 its file has all its bytes now
    {"cancel": id}                                drops what is left of it, and forgets it
    {"ping": anything}                            asks for a sign of life

    {"ready": true}                               the model is loaded
    {"pong": anything}
    {"id"}                                        it is getting on, or waits for bytes
    {"id", "begun": true}                         there is something to hear
    {"id", "language"}                            what is, or was detected to be, spoken
    {"id", "segments": [[start, end, text], ...], "until"}   all words up to a second of the file, since the last such
    {"id", "end": true}                           nothing more comes
    {"id", "error": "permanent", "text"}          or "operator": the end too, in a sentence for people
    {"id", "error": "not yet", "text"}            the end too: it can be read only when it is whole, if at all
    {"id", "error": "failed", "text"}             the end too, in a library's words

It imports nothing of ours but its own siblings, so it is ready in a second.
"""

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

from services.clients.recogniser.crew import Crew
from services.clients.recogniser.hearing import Ear
from services.clients.recogniser.model import SpeechModel
from services.clients.recogniser.request import Tell


def main() -> None:
    """Load the model, then take requests until stdin ends."""
    tell = open_wire()
    threading.excepthook = crash
    crew = load(json.loads(sys.stdin.readline()), tell)
    tell(ready=True)
    for line in sys.stdin:
        obey(json.loads(line), crew, tell)
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


def load(settings: dict[str, Any], tell: Tell) -> Crew:
    """Load the model for as many workers as there are to be, of one thread each.

    A second thread in one worker gains nothing, a second worker 1.65 to 1.9 x (FACTS, "Speech recognition").
    """
    model = SpeechModel(
        settings["model"],
        device=settings["device"],
        compute_type=settings["compute_type"],
        cpu_threads=1,
        num_workers=settings["workers"],
        download_root=settings["download_root"],
        local_files_only=Path(settings["model"]).is_dir(),
    )
    return Crew(Ear(model, settings["beam"]), settings["workers"], tell)


def obey(message: dict[str, Any], crew: Crew, tell: Tell) -> None:
    """Do what one line says."""
    if "ping" in message:
        tell(pong=message["ping"])
    elif "cancel" in message:
        crew.cancel(message["cancel"])
    elif "whole" in message:
        crew.say_whole(message["whole"])
    else:
        crew.start(message)


if __name__ == "__main__":
    main()
