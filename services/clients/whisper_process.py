"""One life of the speech recogniser's process, and the transcriptions in it."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from services.clients.child import Child, Message
from services.errors import AuditscribeError, OperatorError, PermanentError, TransientError
from services.media import Heard, Segment

log = logging.getLogger(__name__)

CANNOT_LOAD = (
    "The speech model cannot be loaded: the operator must check WHISPER_MODEL, which is to be a folder with a whole"
    " model, or a name that faster-whisper can fetch."
)
FAILED = "The speech recogniser failed: if it happens again, the operator must look into the log."

PING_EVERY_S = 1.0
SLICES = 5
"""Waited for one after the other: of a time in which the whole machine was asleep, only one is lost."""


class NotYetReadableError(TransientError):
    """The sound of a file that still grows cannot be read before it is whole."""


class MovedError(NotYetReadableError):
    """The file got another name just before it was to be read."""


class ChildDiedError(TransientError):
    """The child ended in the middle of a transcription, which can go on in another."""

    def __init__(self, message: str, *, blameless: bool) -> None:
        super().__init__(message)
        self.blameless = blameless
        """It ended for the sake of another transcription."""


@dataclass(slots=True)
class Hearing:
    """One transcription: what is asked, and what has been heard so far, whichever child it was."""

    audio: str
    language: str | None
    """None until it is detected."""
    whole: asyncio.Event | None
    """Set when a file that grows has all its bytes; None: it does not grow."""
    heard: Heard
    max_duration_s: float
    segments: list[Segment] = field(default_factory=list)
    until: float = 0.0
    """Seconds of the recording of which everything is told."""

    def take(self, event: Message) -> None:
        """Take what a child tells."""
        if "language" in event:
            self.language = event["language"]
        if "segments" in event:
            self.segments += [Segment(*segment) for segment in event["segments"]]
            self.until = event["until"]
            self.heard(self.until)
        elif "begun" in event:
            self.heard(self.until)


class WhisperProcess:
    """A child that was told which model to load."""

    def __init__(
        self, child: Child, *, idle_timeout_s: float, stall_timeout_s: float, silence_timeout_s: float
    ) -> None:
        self.ended = False
        self._child = child
        self._idle_timeout_s = idle_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._silence_timeout_s = silence_timeout_s
        self._numbers = itertools.count()
        self._inboxes: dict[int, asyncio.Queue[Message]] = {}
        self._ready = asyncio.Event()
        self._busy = asyncio.Event()
        self._sign_of_life = asyncio.Event()
        self._closing = False
        self._stalled = False
        self._idle: asyncio.TimerHandle | None = None
        self._listening = asyncio.create_task(self._listen())

    async def recognise(self, hearing: Hearing) -> None:
        """Go on with a transcription to its end.

        Raise ChildDiedError when the child ends before, and what WhisperTranscriber says else.
        """
        async with self._number_for(hearing) as number:
            inbox = self._inboxes[number]
            while "end" not in (event := await self._next(inbox)):
                if "error" in event:
                    raise _error(event)
                hearing.take(event)

    async def aclose(self) -> None:
        """End the child; what still runs in it fails."""
        self._closing = True
        await self.end()

    async def end(self) -> None:
        """End the child, and return when it is gone and all in it know: they can go on in another."""
        self._end()
        await asyncio.wait([self._listening])

    @asynccontextmanager
    async def _number_for(self, hearing: Hearing) -> AsyncIterator[int]:
        if self._idle is not None:
            self._idle.cancel()
        number = next(self._numbers)
        self._inboxes[number] = asyncio.Queue()
        self._busy.set()
        grows = hearing.whole is not None and not hearing.whole.is_set()
        self._child.send(
            {
                "id": number,
                "audio": hearing.audio,
                "language": hearing.language,
                "from": hearing.until,
                "grows": grows,
                "max_duration_s": hearing.max_duration_s,
            }
        )
        telling = asyncio.create_task(self._tell_when_whole(number, hearing.whole)) if grows and hearing.whole else None
        try:
            yield number
        finally:
            if telling is not None:
                telling.cancel()
            del self._inboxes[number]
            self._child.send({"cancel": number})
            if not self._inboxes:
                self._busy.clear()
                self._idle = asyncio.get_running_loop().call_later(self._idle_timeout_s, self._end)

    async def _tell_when_whole(self, number: int, whole: asyncio.Event) -> None:
        await whole.wait()
        self._child.send({"whole": number})

    def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self.ended = True
        self._child.kill()

    async def _next(self, inbox: asyncio.Queue[Message]) -> Message:
        try:
            async with asyncio.timeout(self._stall_timeout_s if self._ready.is_set() else None):
                return await inbox.get()
        except TimeoutError:
            silence = f"The speech recogniser said nothing for {self._stall_timeout_s:g} seconds and was ended."
            if self.ended:
                raise ChildDiedError(silence, blameless=True) from None
            self._stalled = True
            self._end()
            raise TransientError(silence) from None

    async def _listen(self) -> None:
        """Bring each event to the transcription that waits for it; when the child has ended, tell them all."""
        watching = asyncio.create_task(self._watch())
        try:
            async for event in self._child.events():
                self._sign_of_life.set()
                if "ready" in event:
                    self._ready.set()
                    self._tell_all({})  # from now on they may stall
                elif (inbox := self._inboxes.get(event.get("id", -1))) is not None:
                    inbox.put_nowait(event)
        finally:
            watching.cancel()
            self.ended = True
            await self._child.aclose()
            if self._inboxes:
                self._tell_all(self._farewell())

    def _tell_all(self, event: Message) -> None:
        for inbox in self._inboxes.values():
            inbox.put_nowait(event)

    async def _watch(self) -> None:
        """Ask for a sign of life while work is under way; kill a child that gives none."""
        await self._ready.wait()
        while await self._busy.wait():
            self._sign_of_life.clear()
            self._child.send({"ping": True})
            if not await self._gives_a_sign():
                log.warning("The speech recogniser gave no answer for %g seconds: killed", self._silence_timeout_s)
                self._end()
            await asyncio.sleep(PING_EVERY_S)

    async def _gives_a_sign(self) -> bool:
        for _ in range(SLICES):
            try:
                await asyncio.wait_for(self._sign_of_life.wait(), self._silence_timeout_s / SLICES)
            except TimeoutError:
                continue
            return True
        return False

    def _farewell(self) -> Message:
        """Return the event for those who still waited; of several, nobody knows who made the child die."""
        if not self._ready.is_set() and (self._child.exit_status or 0) > 0:
            log.warning("The speech model cannot be loaded: %s", self._child.ending)
            return {"error": "operator", "text": CANNOT_LOAD}
        end = self._child.unexpected_end("The speech recogniser")
        return {
            "error": "transient" if self._closing else "died",
            "text": str(end),
            "blameless": self._stalled,
        }


def _error(event: Message) -> AuditscribeError:
    match event["error"]:
        case "permanent":
            return PermanentError(event["text"])
        case "operator":
            return OperatorError(event["text"], provider="Whisper model")
        case "not yet":
            return NotYetReadableError(event["text"])
        case "died":
            return ChildDiedError(event["text"], blameless=event["blameless"])
        case "failed":
            log.warning("The speech recogniser failed: %s", event["text"])
            return TransientError(FAILED)
        case _:
            return TransientError(event["text"])
