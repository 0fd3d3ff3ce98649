"""Speech to text with faster-whisper, in one warm child process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.clients.child import Message, start
from services.clients.whisper_process import ChildDiedError, Hearing, MovedError, NotYetReadableError, WhisperProcess
from services.media import Heard, Transcript

__all__ = ["MovedError", "NotYetReadableError", "WhisperTranscriber"]

PROGRAM = "services.clients.recogniser"

ALLOCATION = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(2**30), "MALLOC_TRIM_THRESHOLD_": str(2**30)}
"""The child keeps the memory of one chunk for the next (mallopt(3); of glibc, others ignore it): asking the kernel for
it each time took a sixth of all its time. It takes no more at its peak, and all is given back when the child ends."""

DEATHS = 2
"""Of children, with nothing told between them, until a transcription is taken for the reason."""


class WhisperTranscriber:
    """Starts the child when there is work, keeps it warm, and ends it when idle: only that gives its memory back.

    `model` is a folder, or a name that faster-whisper fetches. `workers` hear that many half minutes of speech at once,
    of all transcriptions in turn; None: as many as there are cores. `beam` is how many wordings of each are weighed;
    None: as many as the language is worth (hearing.py).

    A child that gives no answer for `silence_timeout_s` is killed, and the transcriptions go on in its successor, each
    from where it was. So is one in which a transcription got no further for `stall_timeout_s` although its bytes were
    there; that transcription fails. How long the model loads is not limited, since it may have to be downloaded first.
    """

    def __init__(
        self,
        *,
        model: str,
        device: str = "auto",
        compute_type: str = "default",
        beam: int | None = None,
        workers: int | None = None,
        download_root: Path | None = None,
        idle_timeout_s: float = 300.0,
        stall_timeout_s: float = 300.0,
        silence_timeout_s: float = 5.0,
        max_duration_s: float = 43200.0,
    ) -> None:
        self._folder = Path(model) if Path(model).is_dir() else None
        self.model = self._folder.name if self._folder else model
        workers = workers or os.cpu_count() or 1
        self._loading: Message = {
            "model": model,
            "device": device,
            "compute_type": compute_type,
            "beam": beam,
            "workers": workers,
            "download_root": download_root and str(download_root),
        }
        self._settings = (
            f"device {device}, compute type {compute_type}, beam {beam or '2 for English, else 5'}, {workers} at once,"
            " cut at pauses, silence left out"
        )
        self._idle_timeout_s = idle_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._silence_timeout_s = silence_timeout_s
        self._max_duration_s = max_duration_s
        self._changing = asyncio.Lock()
        self._process: WhisperProcess | None = None

    async def transcribe(
        self,
        audio: Path,
        *,
        language: str | None,
        heard: Heard,
        whole: asyncio.Event | None = None,
    ) -> Transcript:
        """Return what is said in a sound file.

        `language` is an ISO 639-1 code, or None to have it detected.
        With `whole`, somebody else still appends to the file, and sets it when that is done: it is read as it grows,
        may be renamed or deleted once it has been opened, and the end is reached only after `whole` is set.

        Raise PermanentError for a file that cannot be decoded, or has more sound than `max_duration_s`, OperatorError
        for a model that cannot be loaded and for a language that it does not know, TransientError for one that stalls
        or makes the child die repeatedly, NotYetReadableError where the sound can be read only when the file is
        whole: wait for that and call again, without `whole`; and MovedError where the file has another name by now.
        Cancelling it leaves the other transcriptions alone.
        """
        with _held(audio, grows=whole is not None) as path:
            hearing = Hearing(str(path), language, whole, heard, self._max_duration_s)
            await self._hear(hearing)
        segments = tuple(hearing.segments)
        return Transcript(segments, hearing.language if segments else None, self.model, self._settings)

    async def aclose(self) -> None:
        """End the child at once; what still runs in it fails."""
        async with self._changing:
            if self._process is not None:
                await self._process.aclose()
                self._process = None

    async def _hear(self, hearing: Hearing) -> None:
        deaths, told = 0, hearing.until
        while True:
            process = await self._warm_process()
            try:
                return await process.recognise(hearing)
            except ChildDiedError as death:
                deaths = (0 if hearing.until > told else deaths) + (not death.blameless)
                told = hearing.until
                if deaths == DEATHS:
                    raise

    async def _warm_process(self) -> WhisperProcess:
        async with self._changing:
            if self._process is not None and self._process.ended:
                await self._process.end()  # its memory is free before the next one loads
                self._process = None
            if self._process is None:
                child = await start(PROGRAM, env=self._environment())
                child.send(self._loading)
                self._process = WhisperProcess(
                    child,
                    idle_timeout_s=self._idle_timeout_s,
                    stall_timeout_s=self._stall_timeout_s,
                    silence_timeout_s=self._silence_timeout_s,
                )
            return self._process

    def _environment(self) -> dict[str, str]:
        """A model's folder is whole or useless: the hub is not asked for what it lacks."""
        hub = {"HF_HUB_OFFLINE": "1"} if self._folder else {}
        return {**ALLOCATION, **os.environ, **hub}


@contextmanager
def _held(audio: Path, *, grows: bool) -> Iterator[Path]:
    """Yield a path to a file's bytes, which a second child finds as well when the file has lost its name meanwhile.

    That holds on Linux; elsewhere a transcription whose child died fails then. Raise MovedError for no file.
    """
    if not grows or sys.platform != "linux":
        yield audio
        return
    try:
        descriptor = os.open(audio, os.O_RDONLY)
    except FileNotFoundError as error:
        raise MovedError("The file whose sound is to be read is not there.") from error
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")
    finally:
        os.close(descriptor)
