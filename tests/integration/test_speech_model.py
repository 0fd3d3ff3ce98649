"""The speech model, with real weights."""

from typing import Any

from faster_whisper import decode_audio

from sandbox.media import SPEECH
from sandbox.model import tiny_en
from services.clients.recogniser.model import SpeechModel


class Counted:
    """CTranslate2's part of a model. The tests' model knows English alone: which language it is, it is told."""

    def __init__(self, model: Any) -> None:
        self.encoded = 0
        self._model = model

    def encode(self, *args: Any, **kwargs: Any) -> Any:
        self.encoded += 1
        return self._model.encode(*args, **kwargs)

    def detect_language(self, _: Any) -> Any:
        return [[("<|en|>", 0.9), ("<|it|>", 0.1)]]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


def said(model: SpeechModel, samples: Any) -> list[str]:
    return [segment.text for segment in model.transcribe(samples, language="en")[0]]


def test_a_chunk_is_encoded_once_to_detect_its_language_and_to_hear_it() -> None:
    model = SpeechModel(str(tiny_en()), compute_type="int8", cpu_threads=1)
    jfk, sonnet = decode_audio(str(SPEECH["jfk"])), decode_audio(str(SPEECH["sonnet"]))[: 16_000 * 20]
    heard_before = said(model, jfk), said(model, sonnet)
    model.model = counted = Counted(model.model)

    language = model.language_of(jfk)

    assert (language, said(model, jfk), counted.encoded) == ("en", heard_before[0], 1)
    model.language_of(jfk)
    assert said(model, sonnet) == heard_before[1]
