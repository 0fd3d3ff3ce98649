"""The recognisers that are compared, each in a process of its own, and what they are asked."""

import asyncio
import json
import sys
import time
import wave
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Protocol

from bench.sounds import RATE

COMMAND = "whisper-ctranslate2"
_SAMPLED_EVERY_S = 0.05
_NOTHING = 100
"""Samples of a recording in which there is nothing to recognise."""
_MB = 1e6


@dataclass(frozen=True, slots=True)
class Heard:
    """What a recogniser made of a recording."""

    seconds: float
    """Without loading the model."""
    text: str
    peak_mb: float
    """Resident memory of the processes that recognised: the child's, where a process has one."""


class Recogniser(Protocol):
    """Something that is given sound files, one at a time."""

    async def hear(self, audio: Path) -> Heard: ...


@asynccontextmanager
async def contender(name: str, model: Path) -> AsyncIterator[Recogniser]:
    """Start one of contender.py's, and end it; it has loaded its model."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.contender", name, str(model)), stdin=PIPE, stdout=PIPE, limit=2**20
    )
    try:
        running = _Running(process)
        await running.answer()
        yield running
    finally:
        with suppress(ProcessLookupError):
            process.kill()  # its child does not outlive it
        await process.wait()


class _Running:
    def __init__(self, process: Process) -> None:
        self._process = process

    async def hear(self, audio: Path) -> Heard:
        assert self._process.stdin  # noqa: S101 (a pipe was asked for)
        self._process.stdin.write(json.dumps({"audio": str(audio)}).encode() + b"\n")
        with _memory(self._process.pid) as samples:
            answer = await self.answer()
        return Heard(float(str(answer["seconds"])), str(answer["text"]), max(samples))

    async def answer(self) -> dict[str, object]:
        """Return the next line's; raise RuntimeError if the process has ended."""
        assert self._process.stdout  # noqa: S101
        if not (line := await self._process.stdout.readline()):
            raise RuntimeError(f"A recogniser ended: exit status {await self._process.wait()}.")
        return dict(json.loads(line))


class Command:
    """The whisper-ctranslate2 command, with nothing set but the model and its kind of numbers.

    Each time it starts and loads the model anew. What that takes is measured before each run, on six milliseconds of
    silence: with less than ten, and with the language given, faster-whisper encodes and decodes nothing (tried out);
    the median of those so far is subtracted.
    """

    def __init__(self, model: Path) -> None:
        self._model = model
        self._loading_s: list[float] = []

    async def hear(self, audio: Path) -> Heard:
        with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
            nothing = Path(folder) / "nothing.wav"
            _write_silence(nothing)
            loading_s, _ = await self._run(nothing, Path(folder), "--language", "en")
            self._loading_s.append(loading_s)
            whole_s, peak_mb = await self._run(audio, Path(folder))
            text = (Path(folder) / f"{audio.stem}.txt").read_text()
        return Heard(whole_s - median(self._loading_s), text, peak_mb)

    async def _run(self, audio: Path, folder: Path, *more: str) -> tuple[float, float]:
        options = ("--model_directory", str(self._model), "--compute_type", "int8", "--output_dir", str(folder))
        command = Path(sys.executable).with_name(COMMAND)
        begun = time.perf_counter()
        process = await asyncio.create_subprocess_exec(command, *options, *more, str(audio), stdout=DEVNULL)
        with _memory(process.pid) as samples:
            if status := await process.wait():
                raise RuntimeError(f"{COMMAND} failed: exit status {status}.")
        return time.perf_counter() - begun, max(samples)


@contextmanager
def _memory(process: int) -> Iterator[Sequence[float]]:
    """Collect, while something goes on, the resident megabytes of a process's children, or its own if it has none."""
    samples = [0.0]

    async def sample() -> None:
        while True:
            samples.append(sum(map(_resident_mb, list(_descendants(process)) or [process])))
            await asyncio.sleep(_SAMPLED_EVERY_S)

    sampling = asyncio.create_task(sample())
    try:
        yield samples
    finally:
        sampling.cancel()


def _descendants(process: int) -> Iterator[int]:
    for task in Path(f"/proc/{process}/task").glob("*"):
        with suppress(FileNotFoundError):
            for child in map(int, (task / "children").read_text().split()):
                yield child
                yield from _descendants(child)


def _resident_mb(process: int) -> float:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return next((int(line.split()[1]) * 1024 / _MB for line in status.splitlines() if line.startswith("VmRSS")), 0.0)


def _write_silence(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(bytes(2 * _NOTHING))
