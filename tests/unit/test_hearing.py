"""How many wordings of a chunk are weighed."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from faster_whisper import WhisperModel

from services.clients.recogniser.cutting import Chunk
from services.clients.recogniser.hearing import Ear
from services.clients.recogniser.speech import WINDOW


class Listener:
    """In a model's place: says one clear word, and knows how it was asked."""

    def __init__(self) -> None:
        self.beams: list[int] = []

    def transcribe(self, samples: object, *, beam_size: int, **_: object) -> tuple[list[Any], None]:
        self.beams.append(beam_size)
        word = SimpleNamespace(start=0.0, end=0.3, text=" Yes.", avg_logprob=-0.1, no_speech_prob=0.0)
        return [word], None


@pytest.mark.parametrize(
    ("setting", "language", "beam"), [(None, "en", 2), (None, "it", 5), (None, "de", 5), (1, "en", 1), (3, "it", 3)]
)
def test_two_wordings_of_english_and_five_of_others_are_weighed_unless_it_is_set(
    setting: int | None, language: str, beam: int
) -> None:
    windows = 10
    chunk = Chunk(np.zeros(windows * WINDOW, np.float32), np.arange(windows), np.ones(windows, bool))
    listener = Listener()

    words = Ear(cast("WhisperModel", listener), setting).hear(chunk, language)

    assert [text for *_, text in words] == [" Yes."]
    assert listener.beams == [beam]
