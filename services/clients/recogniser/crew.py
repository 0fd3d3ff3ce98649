"""Threads: one for each request, that reads and cuts, and a few that hear the chunks of all of them in turn."""

import threading
from typing import Any

from services.clients.recogniser.cutting import Chunk
from services.clients.recogniser.hearing import Ear
from services.clients.recogniser.line import Line
from services.clients.recogniser.request import Request, Tell

AHEAD = 2
"""Chunks of one request that wait for a worker; of at most 1.9 MB each."""


class Crew:
    """Hears what is asked, any number of requests at once; their events go to `tell` from any thread."""

    def __init__(self, ear: Ear, workers: int, tell: Tell) -> None:
        self._ear = ear
        self._tell = tell
        self._line: Line[Request, tuple[int, Chunk]] = Line(room=AHEAD)
        self._requests: dict[int, Request] = {}
        for _ in range(workers):
            threading.Thread(target=self._work, daemon=True).start()

    def start(self, message: dict[str, Any]) -> None:
        """Begin with a request of the wire."""
        request = self._requests[message["id"]] = Request(message, self._ear, self._line, self._tell)
        self._line.join(request)
        threading.Thread(target=request.read, daemon=True).start()

    def say_whole(self, number: int) -> None:
        """Tell a request that its file has all its bytes."""
        self._requests[number].whole.set()

    def cancel(self, number: int) -> None:
        """Forget a request, ended or not; the chunks of it that are being heard are heard in vain."""
        self._line.leave(self._requests.pop(number))

    def _work(self) -> None:
        while True:
            request, (number, chunk) = self._line.take()
            request.hear(number, chunk)
