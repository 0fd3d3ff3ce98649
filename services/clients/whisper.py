"""Speech to text with faster-whisper, in one warm child process."""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from collections.abc import Callable
from pathlib import Path

from services.clients.child import Child, Message, start
from services.errors import AuditscribeError, OperatorError, PermanentError, TransientError
from services.media import Progress, Segment, Transcript

log = logging.getLogger(__name__)

SCRIPT = Path(__file__).with_name("whisper_child.py")
CANNOT_LOAD = (
    "The speech model cannot be loaded: the operator must check WHISPER_MODEL, which is to be a folder with a whole"
    " model, or a name that faster-whisper can fetch."
)
BEAM = 5
"""Of verse read aloud it finds 89 % of the words where beam 1 finds 85 % (tiny.en, mean of float32 and int8)."""
FAILED = "The speech recogniser failed: if it happens again, the operator must look into the log."


class _BystanderError(TransientError):
    """The child ended, and another transcription in it was, or may have been, the reason."""


class WhisperTranscriber:
    """Starts the child when there is work, keeps it warm, and ends it when idle: only that gives its memory back.

    `model` is a folder, or a name that faster-whisper fetches. `workers` is how many transcriptions run at once; more
    wait for their turn. A child that tells a transcription nothing for `stall_timeout_s` is killed; how long it loads
    the model is not limited, since that may have to be downloaded first.
    """

    def __init__(
        self,
        *,
        model: str,
        device: str = "auto",
        compute_type: str = "default",
        workers: int = 2,
        download_root: Path | None = None,
        idle_timeout_s: float = 300.0,
        stall_timeout_s: float = 300.0,
    ) -> None:
        self._folder = Path(model) if Path(model).is_dir() else None
        self.model = self._folder.name if self._folder else model
        self._loading: Message = {
            "model": model,
            "device": device,
            "compute_type": compute_type,
            "workers": workers,
            "download_root": download_root and str(download_root),
        }
        self._settings = f"device {device}, compute type {compute_type}, beam {BEAM}, silence left out"
        self._idle_timeout_s = idle_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._turns = asyncio.Semaphore(workers)
        self._changing = asyncio.Lock()
        self._recogniser: _Recogniser | None = None

    async def transcribe(
        self, audio: Path, *, language: str | None, duration_s: float, progress: Progress
    ) -> Transcript:
        """Return what is said in a sound file; `language` is an ISO 639-1 code, or None to have it detected.

        Raise PermanentError for a file that cannot be decoded, OperatorError for a model that cannot be loaded and for
        a language that it does not know, TransientError for a child that dies or stalls. Cancelling it leaves the other
        transcriptions alone; one that stalls has them start again, once, in a new child.
        """
        segments: list[Segment] = []
        finished = 0.0

        def heard(segment: Segment) -> None:
            nonlocal finished
            segments.append(segment)
            if duration_s > 0:
                finished = max(finished, min(segment.end / duration_s, 1.0))
                progress(finished)

        async with self._turns:
            try:
                spoken = await self._recognise(audio, language, heard)
            except _BystanderError:
                segments.clear()
                spoken = await self._recognise(audio, language, heard)
        progress(1.0)
        return Transcript(tuple(segments), spoken if segments else None, self.model, self._settings)

    async def aclose(self) -> None:
        """End the child at once; what still runs in it fails."""
        async with self._changing:
            if self._recogniser is not None:
                await self._recogniser.aclose()
                self._recogniser = None

    async def _recognise(self, audio: Path, language: str | None, heard: Callable[[Segment], None]) -> str:
        recogniser = await self._warm_recogniser()
        return await recogniser.recognise(audio, language, heard)

    async def _warm_recogniser(self) -> _Recogniser:
        async with self._changing:
            if self._recogniser is not None and self._recogniser.ended:
                await self._recogniser.aclose()  # its memory is free before the next one loads
                self._recogniser = None
            if self._recogniser is None:
                child = await start(SCRIPT, env=self._environment())
                child.send(self._loading)
                self._recogniser = _Recogniser(child, self._idle_timeout_s, self._stall_timeout_s)
            return self._recogniser

    def _environment(self) -> dict[str, str]:
        """A model's folder is whole or useless: the hub is not asked for what it lacks."""
        return {**os.environ, "HF_HUB_OFFLINE": "1"} if self._folder else dict(os.environ)


class _Recogniser:
    """One life of the child, and the transcriptions in it."""

    def __init__(self, child: Child, idle_timeout_s: float, stall_timeout_s: float) -> None:
        self.ended = False
        self._child = child
        self._idle_timeout_s = idle_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._numbers = itertools.count()
        self._inboxes: dict[int, asyncio.Queue[Message]] = {}
        self._loaded = False
        self._stalled = False
        self._idle: asyncio.TimerHandle | None = None
        self._hearing = asyncio.create_task(self._hear())

    async def recognise(self, audio: Path, language: str | None, heard: Callable[[Segment], None]) -> str:
        """Tell each segment to `heard`; return the language."""
        if self._idle is not None:
            self._idle.cancel()
        number = next(self._numbers)
        inbox = self._inboxes[number] = asyncio.Queue()
        self._child.send({"id": number, "audio": str(audio), "language": language, "beam": BEAM})
        try:
            while "language" not in (event := await self._next(inbox)):
                if "segment" in event:
                    heard(Segment(*event["segment"]))
                elif "error" in event:
                    raise _error(event)
            return str(event["language"])
        finally:
            del self._inboxes[number]
            self._child.send({"cancel": number})
            if not self._inboxes:
                self._idle = asyncio.get_running_loop().call_later(self._idle_timeout_s, self._end)

    async def aclose(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._end()
        await asyncio.wait([self._hearing])

    def _end(self) -> None:
        self.ended = True
        self._child.kill()

    async def _next(self, inbox: asyncio.Queue[Message]) -> Message:
        try:
            async with asyncio.timeout(self._stall_timeout_s if self._loaded else None):
                return await inbox.get()
        except TimeoutError:
            silence = f"The speech recogniser said nothing for {self._stall_timeout_s:g} seconds and was ended."
            if self.ended:
                raise _BystanderError(silence) from None
            self._stalled = True
            self._end()
            raise TransientError(silence) from None

    async def _hear(self) -> None:
        """Bring each event to the transcription that waits for it; when the child has ended, tell them all."""
        try:
            async for event in self._child.events():
                self._loaded = True
                if (inbox := self._inboxes.get(event["id"])) is not None:
                    inbox.put_nowait(event)
        finally:
            by_itself, self.ended = not self.ended, True
            await self._child.aclose()
            if self._inboxes:
                farewell = self._farewell(bystanders=self._stalled or (by_itself and len(self._inboxes) > 1))
                for inbox in self._inboxes.values():
                    inbox.put_nowait(farewell)

    def _farewell(self, *, bystanders: bool) -> Message:
        """Return the event for those who still waited; of several, nobody knows who made the child die."""
        if not self._loaded and (self._child.exit_status or 0) > 0:
            log.warning("The speech model cannot be loaded: %s", self._child.ending)
            return {"error": "operator", "text": CANNOT_LOAD}
        end = self._child.unexpected_end("The speech recogniser")
        return {"error": "bystander" if bystanders else "transient", "text": str(end)}


def _error(event: Message) -> AuditscribeError:
    match event["error"]:
        case "permanent":
            return PermanentError(event["text"])
        case "operator":
            return OperatorError(event["text"], provider="Whisper model")
        case "bystander":
            return _BystanderError(event["text"])
        case "failed":
            log.warning("The speech recogniser failed: %s", event["text"])
            return TransientError(FAILED)
        case _:
            return TransientError(event["text"])
