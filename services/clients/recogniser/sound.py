"""The sound of a file, decoded bit by bit, while the file may still grow."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import chain, groupby
from pathlib import Path
from typing import Any, BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from services.clients.recogniser.refusal import RefusedError

RATE = 16_000
"""Samples a second, mono: what Whisper and the speech detector were trained on."""

Sound = npt.NDArray[np.float32]

CONTAINERS = "aac,aiff,amr,ape,asf,au,avi,caf,flac,flv,matroska,webm,mov,mp4,m4a,mp3,mpeg,mpegts,mxf,ogg,rm,w64,wav,wv"
"""The formats that are opened: no playlist, which would read other files of this machine (as in media_child.py)."""

OPTIONS = {"format_whitelist": CONTAINERS, "max_pixels": str(2**26)}
"""FFmpeg's (as in media_child.py): what a picture is it finds out by decoding it."""

RATES = range(1_000, 768_001)
"""Samples a second of what people record; resampling from others takes any amount of memory."""

BOXES = {b"ftyp", b"free", b"skip", b"wide", b"pdin", b"uuid", b"moov", b"mdat"}
"""What an MP4 or QuickTime file may begin with (ISO/IEC 14496-12)."""

LOOK_AGAIN_S = 0.1


class GrowingFile:
    """A file that somebody else appends to, as PyAV reads one: from its first byte to its last, waiting for each.

    It cannot seek: a demuxer that knows so asks for nothing that is not there yet. The file may be renamed or deleted
    meanwhile. `whole` says that no more will come; `waiting` is called again and again until it does, and may raise.
    """

    def __init__(self, path: Path, whole: threading.Event, waiting: Callable[[], None]) -> None:
        self.name = path.name
        self._file = path.open("rb", buffering=0)
        self._whole = whole
        self._waiting = waiting

    def close(self) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        """Return 1 to `size` bytes; none at the end of the whole file."""
        return self._wait(lambda: self._file.read(size))

    def glimpse(self, size: int, offset: int) -> bytes:
        """Return up to `size` bytes from `offset`, without moving on."""
        return self._wait(lambda: os.pread(self._file.fileno(), size, offset))

    def _wait(self, read: Callable[[], bytes]) -> bytes:
        while True:
            whole = self._whole.is_set()  # asked first: what was written before it was set is read then
            if (found := read()) or whole:
                return found
            self._waiting()
            self._whole.wait(LOOK_AGAIN_S)


def growing_sound(path: Path, whole: threading.Event, waiting: Callable[[], None]) -> Iterator[Sound]:
    """Yield a growing file's sound as it comes, in blocks of about half a second.

    Raise RefusedError of kind `not yet` where it can be read only when it is whole, if at all.
    """
    refused = RefusedError("not yet", "The sound of this file cannot be read while it grows.")
    with closing(GrowingFile(path, whole, waiting)) as file:
        if not has_index_first(file):
            raise refused
        try:
            yield from _decode(file, forgiving=False)
        except (FFmpegError, IndexError, ValueError) as error:
            raise refused from error


def whole_sound(path: Path) -> Iterator[Sound]:
    """Yield a file's sound in blocks of about half a second, without what is damaged in it.

    Raise RefusedError of kind `permanent` where there is none.
    """
    try:
        with path.open("rb") as file:
            yield from _decode(file, forgiving=True)
    except (FFmpegError, FileNotFoundError, IndexError, ValueError) as error:  # IndexError: there is no sound track
        raise RefusedError(
            "permanent", "The sound of this file cannot be decoded: post it again in another format."
        ) from error


def has_index_first(file: GrowingFile) -> bool:
    """Whether an MP4 file has its index (moov) before its sound (mdat); true of all that is no MP4."""
    offset = 0
    while (kind := (head := _box(file, offset))[4:8]) in BOXES:
        if kind == b"moov":
            return True
        size = int.from_bytes(head[:4])
        size = int.from_bytes(head[8:16]) if size == 1 else size
        if kind == b"mdat" or size < 8:
            return False
        offset += size
    return offset == 0


def _box(file: GrowingFile, offset: int) -> bytes:
    """Return the first 16 bytes of a box, which may come one by one."""
    head = b""
    while len(head) < 16 and (more := file.glimpse(16 - len(head), offset + len(head))):
        head += more
    return head


def _decode(file: BinaryIO | GrowingFile, *, forgiving: bool) -> Iterator[Sound]:
    with av.open(file, "r", metadata_errors="ignore", options=OPTIONS) as container:
        frames = _frames(container, container.streams.audio[0], forgiving=forgiving)
        for (*_, rate), alike in groupby(frames, _kind):
            if rate not in RATES:
                raise ValueError(f"{rate} Hz is no rate of sound")
            yield from _resampled(alike, rate)


def _kind(frame: AudioFrame) -> tuple[str, str, int]:
    """Return what a resampler must be made anew for: by names, since no two formats or layouts of PyAV are equal."""
    return frame.format.name, frame.layout.name, frame.sample_rate


def _frames(container: InputContainer, track: AudioStream, *, forgiving: bool) -> Iterator[AudioFrame]:
    """Yield what can be decoded; raise FFmpegError where something cannot, or if `forgiving`, where nothing can."""
    packets = container.demux(track)
    damage, any_frame = None, False
    while True:
        try:
            frames: list[Any] = next(packets).decode()
        except StopIteration:
            break
        except FFmpegError as error:  # where it is the container that is broken, there is no next packet
            if not forgiving:
                raise
            damage = error
            continue
        for frame in frames:
            any_frame = True
            frame.pts = None  # gaps are not filled, as in faster-whisper
            yield frame
    if damage and not any_frame:
        raise damage


def _resampled(frames: Iterable[AudioFrame], rate: int) -> Iterator[Sound]:
    resampler = AudioResampler(format="s16", layout="mono", rate=RATE)
    for block in chain(_blocks(frames, rate // 2), [None]):  # None: what the resampler still holds
        for frame in resampler.resample(block):
            yield frame.to_ndarray().reshape(-1).astype(np.float32) / 32768.0


def _blocks(frames: Iterable[AudioFrame], size: int) -> Iterator[AudioFrame]:
    fifo = AudioFifo()
    for frame in frames:
        fifo.write(frame)
        if fifo.samples >= size and (block := fifo.read()):
            yield block
    if fifo.samples and (block := fifo.read()):
        yield block
