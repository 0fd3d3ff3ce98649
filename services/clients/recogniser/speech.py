"""How probable speech is in each moment of a sound that comes bit by bit."""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
from faster_whisper.vad import get_vad_model

from services.clients.recogniser.sound import RATE, Sound

WINDOW = 512
"""Samples that silero-vad 6 judges at a time."""
WINDOW_S = WINDOW / RATE

_CONTEXT = 64
"""Samples of the window before that it is shown again."""


class SpeechDetector:
    """Silero's model, which keeps its state from call to call: the answers are those for the whole sound at once."""

    def __init__(self) -> None:
        self._session = get_vad_model().session
        self._hidden = self._cell = np.zeros((1, 1, 128), np.float32)
        self._last = np.zeros((1, _CONTEXT), np.float32)

    def __call__(self, windows: Sound) -> npt.NDArray[np.float32]:
        """Return the probability of speech, 0 to 1, in each of the next windows, of shape (n, WINDOW)."""
        contexts = np.concatenate([self._last, windows[:-1, -_CONTEXT:]])
        self._last = windows[-1:, -_CONTEXT:]
        probabilities, self._hidden, self._cell = self._session.run(
            None, {"input": np.concatenate([contexts, windows], axis=1), "h": self._hidden, "c": self._cell}
        )
        return np.asarray(probabilities, np.float32).reshape(-1)


def windows_of(blocks: Iterable[Sound]) -> Iterator[Sound]:
    """Yield blocks of any length as windows, of shape (n, WINDOW); the last one is filled up with silence."""
    rest = np.zeros(0, np.float32)
    for block in blocks:
        rest = np.concatenate([rest, block])
        if whole := len(rest) // WINDOW:
            yield rest[: whole * WINDOW].reshape(whole, WINDOW)
            rest = rest[whole * WINDOW :]
    if len(rest):
        yield np.pad(rest, (0, WINDOW - len(rest))).reshape(1, WINDOW)
