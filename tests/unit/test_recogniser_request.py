"""What the recogniser tells of a recording, and in which order."""

from typing import Any, cast

from sandbox.media import SPEECH
from services.clients.recogniser.cutting import Chunk
from services.clients.recogniser.hearing import Ear
from services.clients.recogniser.line import Line
from services.clients.recogniser.request import Request


class Linguist:
    """In an ear's place: knows each language at once."""

    def check_language(self, language: str | None) -> str | None:
        return language

    def language_of(self, _chunk: Chunk) -> str:
        return "en"


def test_a_recording_has_begun_before_its_language_is_known() -> None:
    told: list[str] = []
    line: Line[Request, tuple[int, Chunk]] = Line(room=3)
    asked = {"id": 1, "audio": SPEECH["jfk"], "language": None, "from": 0, "grows": False, "max_duration_s": 60.0}

    def tell(**event: Any) -> None:
        told.extend(event.keys() & {"begun", "language"})

    request = Request(asked, cast("Ear", Linguist()), line, tell)
    line.join(request)
    request.read()

    assert told == ["begun", "language"]
