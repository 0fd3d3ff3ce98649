"""One recording on its way from file to words."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from services.clients.recogniser.cutting import Chunk, Cutter
from services.clients.recogniser.hearing import Ear, Words
from services.clients.recogniser.line import Line
from services.clients.recogniser.refusal import RefusedError, WithdrawnError
from services.clients.recogniser.sound import RATE, Sound, growing_sound, whole_sound
from services.clients.recogniser.speech import WINDOW, WINDOW_S, SpeechDetector, windows_of

Tell = Callable[..., None]

SIGN_OF_LIFE_S = 1.0
"""Seconds between two signs of life, at least."""

TOO_LONG = "The sound goes on for longer than the bot may take, whatever the file says of its length."

LIBRARY_ERRORS = (MemoryError, OSError, RuntimeError, ValueError)
"""How av, onnxruntime and ctranslate2 fail."""


class Request:
    """What is asked with one id of the wire: `read` runs in a thread of its own, `hear` in those of the crew."""

    def __init__(self, message: dict[str, Any], ear: Ear, line: "Line[Request, tuple[int, Chunk]]", tell: Tell) -> None:
        self.number: int = message["id"]
        self.whole = threading.Event()
        """No more bytes will come."""
        self._path = Path(message["audio"])
        self._grows: bool = message["grows"]
        self._language: str | None = message["language"]
        self._max_duration_s: float = message["max_duration_s"]
        self._first = round(message["from"] * RATE / WINDOW)
        self._ear = ear
        self._line = line
        self._tell_of = tell
        self._telling = threading.Lock()
        self._heard: dict[int, tuple[list[Words], float]] = {}
        """By chunk, what was heard before one of its predecessors was."""
        self._chunks = 0
        """Those that were cut..."""
        self._told = 0
        """... and those whose words are told."""
        self._is_read = False
        self._last_sign = 0.0

    def read(self) -> None:
        """Bring all chunks to the line; detect the language in the first one."""
        with self._telling_failures():
            self._speak(self._ear.check_language(self._language))
            for chunk in self._cut():
                if self._chunks == 0:
                    self._tell(begun=True)
                if self._language is None:
                    self._speak(self._ear.language_of(chunk))
                self._chunks += 1
                self._line.put(self, (self._chunks - 1, chunk))
            with self._telling:
                self._is_read = True
                self._tell_in_order()

    def hear(self, number: int, chunk: Chunk) -> None:
        """Tell what is said in a chunk, when its predecessors' words are told."""
        with self._telling_failures():
            words = self._ear.hear(chunk, self._language or "", self._show_life)
            with self._telling:
                self._heard[number] = words, chunk.until
                self._tell_in_order()

    def _tell_in_order(self) -> None:
        while self._told in self._heard:
            words, until = self._heard.pop(self._told)
            self._tell(segments=words, until=until)
            self._told += 1
        if self._is_read and self._told == self._chunks:
            self._tell(end=True)

    def _speak(self, language: str | None) -> None:
        self._language = language
        if language is not None:
            self._tell(language=language)

    def _cut(self) -> Iterator[Chunk]:
        """Yield the file's speech, from where a child before this one had told it."""
        detect, cutter = SpeechDetector(), Cutter(self._first)
        to_skip, seconds = self._first, 0.0
        for windows in windows_of(self._sound()):
            self._show_life()
            seconds += len(windows) * WINDOW_S
            if seconds > self._max_duration_s:
                raise RefusedError("permanent", TOO_LONG)
            skipped = min(to_skip, len(windows))
            to_skip -= skipped
            if skipped < len(windows):
                yield from cutter.add(windows[skipped:], detect(windows[skipped:]))
        yield from cutter.finish()

    def _sound(self) -> Iterator[Sound]:
        if self._grows:
            return growing_sound(self._path, self.whole, self._wait_for_bytes)
        return whole_sound(self._path)

    def _wait_for_bytes(self) -> None:
        """Nobody is to blame for a file that does not grow, unless a chunk is stuck meanwhile."""
        if not self._line.has(self):
            raise WithdrawnError
        if self._told == self._chunks:
            self._show_life()

    def _show_life(self) -> None:
        now = time.monotonic()
        if now - self._last_sign >= SIGN_OF_LIFE_S:
            self._last_sign = now
            self._tell()

    def _tell(self, **event: Any) -> None:
        self._tell_of(id=self.number, **event)

    @contextmanager
    def _telling_failures(self) -> Iterator[None]:
        try:
            yield
        except WithdrawnError:
            pass
        except RefusedError as refusal:
            self._fail(refusal.kind, str(refusal))
        except LIBRARY_ERRORS as error:
            self._fail("failed", " ".join(str(error).split()) or "out of memory")

    def _fail(self, kind: str, text: str) -> None:
        self._line.leave(self)
        self._tell(error=kind, text=text)
