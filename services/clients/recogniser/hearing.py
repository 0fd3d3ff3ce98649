"""One chunk of speech to words: quickly, and once more with care where the words look wrong."""

from collections.abc import Callable, Sequence
from typing import Any

from services.clients.recogniser.cutting import Chunk
from services.clients.recogniser.guards import (
    Heard,
    better,
    faults,
    goes_in_circles,
    without_hallucinations,
    without_loops,
)
from services.clients.recogniser.model import SpeechModel
from services.clients.recogniser.refusal import RefusedError

Words = tuple[float, float, str]
"""Start and end in seconds of the recording, and what was said between them."""

MORE_THOROUGH: tuple[dict[str, Any], ...] = (
    {"beam_size": 5, "temperature": 0.0},
    {"beam_size": 5, "temperature": (0.2, 0.4, 0.6, 0.8, 1.0)},
)
"""Attempts after a doubtful one: faster-whisper's defaults in two steps, since guessing is the last resort."""


BEAM_ENGLISH, BEAM_OTHERS = 2, 5
"""How many wordings are weighed, where that is not given. Whisper was trained on English most: there, three more take a
fifth of the time and mend nothing; in Italian they mend two to four words in a hundred (`make bench ARGS=asr`)."""


class Ear:
    """A model, for any number of threads at once."""

    def __init__(self, model: SpeechModel, beam: int | None) -> None:
        self._model = model
        self._beam = beam

    def check_language(self, language: str | None) -> str | None:
        """Return the language to use, None: to be detected. English-only models take any language for English.

        Raise RefusedError of kind `operator` for one that the model does not know.
        """
        if not self._model.model.is_multilingual:
            return "en"
        if language is not None and language not in self._model.supported_languages:
            raise RefusedError(
                "operator",
                f"The speech model knows no language {language!r}: the operator must name it by its code, such as"
                " 'en'.",
            )
        return language

    def language_of(self, chunk: Chunk) -> str:
        """Return the ISO 639-1 code of what is most probably spoken."""
        return self._model.language_of(chunk.samples)

    def hear(self, chunk: Chunk, language: str, show_life: Callable[[], None] = lambda: None) -> list[Words]:
        """Return what is said in a chunk, in its order; `show_life` is called between two attempts."""
        beam = self._beam or (BEAM_ENGLISH if language == "en" else BEAM_OTHERS)
        heard: Sequence[Heard] = self._listen(chunk, language, beam_size=beam, temperature=0.0)
        for more_thorough in MORE_THOROUGH:
            if not faults(heard, chunk):
                break
            show_life()
            heard = better(heard, self._listen(chunk, language, **more_thorough), chunk)
        heard = without_hallucinations(heard, chunk)
        if goes_in_circles(heard):
            heard = without_loops(heard)
        return [_in_recording(segment, chunk) for segment in heard]

    def _listen(self, chunk: Chunk, language: str, **options: Any) -> list[Heard]:
        """Timestamps are on: without them the model stops at a pause, and says nothing of it.

        Without the text before as a prompt, a loop cannot feed itself.
        """
        segments, _ = self._model.transcribe(
            chunk.samples, language=language, condition_on_previous_text=False, **options
        )
        return [
            Heard(
                segment.start,
                min(segment.end, chunk.seconds),
                segment.text,
                segment.avg_logprob,
                segment.no_speech_prob,
            )
            for segment in segments
            if segment.start < chunk.seconds
        ]


def _in_recording(segment: Heard, chunk: Chunk) -> Words:
    """Where somebody speaks in a segment's time: its own bounds may be beyond silence that was left out."""
    start, end = chunk.spoken(segment.start, segment.end)
    return round(chunk.moment(start), 3), round(chunk.moment(end, end=True), 3), segment.text
