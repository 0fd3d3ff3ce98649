"""Takes one media file apart in a process of its own, which may die of a hostile file (the wire: child.py).

In: {"file", "folder", "max_duration_s"}. Out, once: {"video": [path, bytes] or null, "audio": [path, bytes] or null,
"duration_s"}; {"error": sentence} for a file that is no media or asks too much; or {"disk_full": true}. Of a file that
is longer than `max_duration_s` nothing is made. It is run by itself, so it imports nothing of ours.
"""

from __future__ import annotations  # av's Packet is generic for type checkers alone

import errno
import json
import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Disposition, Stream

CONTAINERS = "aac,aiff,amr,ape,asf,au,avi,caf,flac,flv,matroska,webm,mov,mp4,m4a,mp3,mpeg,mpegts,mxf,ogg,rm,w64,wav,wv"
"""The formats that are opened. Playlists (hls, concat) are not among them: they would read other files of this machine,
and neither are texts and pictures, which FFmpeg takes for videos."""

KEPT = {"mp3", "mov,mp4,m4a,3gp,3g2,mj2", "ogg", "flac", "wav"}
"""Containers of sound that every player knows, by FFmpeg's names."""

COPIED = {
    "aac": ("m4a", "ipod"),
    "mp3": ("mp3", "mp3"),
    "opus": ("ogg", "ogg"),
    "vorbis": ("ogg", "ogg"),
    "flac": ("flac", "flac"),
}
"""Codec: the file name's ending and FFmpeg's muxer for a track that is copied as it is."""

Way = Callable[[InputContainer, AudioStream, OutputContainer], None]
"""How a sound track gets from one container into another."""

DISK_FULL = {errno.ENOSPC, errno.EDQUOT}
NO_MEDIA = "This file is not a video or sound recording that can be read."
TOO_MUCH = "This file takes more memory or room than the bot may give it: post it again in another format."
OPTIONS = {"format_whitelist": CONTAINERS, "max_pixels": str(2**26)}
"""FFmpeg's. Pictures are decoded only to find out what they are; none of 8K (2**25 pixels) is refused."""


class TooLongError(Exception):
    """There is more sound than the packets' times tell."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Contents:
    """What is really in a file, whatever its header says."""

    container: str
    codec: str | None
    """Of the first sound track; None where nothing of it can be decoded."""
    moving: bool
    """There is a picture that is not a cover."""
    duration_s: float


def main() -> None:
    """Answer the one request."""
    with os.fdopen(os.dup(1), "w") as events:
        os.dup2(2, 1)
        request = json.loads(sys.stdin.readline())
        try:
            answer = take_apart(Path(request["file"]), Path(request["folder"]), request["max_duration_s"])
        except OSError as error:  # FFmpeg's among them
            if error.errno in DISK_FULL:
                answer = {"disk_full": True}
            elif error.errno in {errno.EFBIG, errno.ENOMEM}:
                answer = {"error": TOO_MUCH}
            else:
                raise
        except MemoryError:
            answer = {"error": TOO_MUCH}
        events.write(json.dumps(answer) + "\n")


def take_apart(file: Path, folder: Path, max_duration_s: float) -> dict[str, Any]:
    """Return the answer for one file, having cut out its sound into `folder` if need be."""
    try:
        contents = survey(file)
    except FFmpegError:
        return {"error": NO_MEDIA}
    if contents.codec is None and not contents.moving:
        return {"error": NO_MEDIA}
    if contents.duration_s > max_duration_s:
        return {"video": None, "audio": None, "duration_s": contents.duration_s}
    try:
        sound = sized(sound_of(file, contents, folder, max_duration_s)) if contents.codec else None
    except TooLongError as too_long:
        return {"video": None, "audio": None, "duration_s": too_long.seconds}
    return {"video": sized(file) if contents.moving else None, "audio": sound, "duration_s": contents.duration_s}


def sized(file: Path) -> list[Any]:
    """Return the path and size of a file as JSON knows them."""
    return [str(file), file.stat().st_size]


def survey(file: Path) -> Contents:
    """Read a file's packets once. Raise FFmpegError where it is no media."""
    with opened(file) as source:
        tracks = sound_tracks(source)[:1]
        pictures = [stream for stream in source.streams.video if not stream.disposition & Disposition.attached_pic]
        start, end, moving, audible = math.inf, 0.0, False, False
        for packet in packets(source, *pictures, *tracks):
            moving = moving or (packet.stream in pictures and packet.size > 0)
            audible = audible or (packet.stream in tracks and any(frames(packet)))
            moment = packet.dts if packet.pts is None else packet.pts
            if moment is not None:
                start = min(start, float(moment * packet.time_base))
                end = max(end, float((moment + (packet.duration or 0)) * packet.time_base))
        codec = tracks[0].codec.canonical_name if audible else None
        return Contents(source.format.name, codec, moving, max(end - start, 0.0))


def sound_of(file: Path, contents: Contents, folder: Path, max_duration_s: float) -> Path:
    """Return a file of sound only: the given one, a copy of its track, or where that has no common format, AAC."""
    if not contents.moving and contents.container in KEPT:
        return file
    if contents.codec in COPIED:
        ending, muxer = COPIED[contents.codec]
        with suppress(FFmpegError):  # a track that the muxer refuses, for its timestamps mostly, is made anew
            return write(copy, file, folder / f"audio.{ending}", muxer)
    return write(partial(transcode, max_duration_s=max_duration_s), file, folder / "audio.m4a", "ipod")


def write(way: Way, file: Path, target: Path, muxer: str) -> Path:
    """Return `target`, which holds the first sound track of `file` and has its name only when it is whole."""
    unfinished = target.with_name("audio.part")
    with opened(file) as source, av.open(unfinished, "w", format=muxer) as container:
        way(source, sound_tracks(source)[0], container)
    return unfinished.rename(target)


def copy(source: InputContainer, track: AudioStream, target: OutputContainer) -> None:
    """Write the sound's packets as they are, from time 0."""
    stream = target.add_stream_from_template(track)
    offset = None
    for packet in packets(source, track):
        if packet.dts is not None and not packet.is_corrupt:  # the last one of a truncated file is cut in two
            offset = packet.dts if offset is None else offset
            packet.dts -= offset
            packet.pts = packet.dts if packet.pts is None else packet.pts - offset
            packet.stream = stream
            target.mux(packet)


def transcode(source: InputContainer, track: AudioStream, target: OutputContainer, *, max_duration_s: float) -> None:
    """Write what can be decoded of the sound as AAC; raise TooLongError where that is too much."""
    seconds = 0.0
    stream = target.add_stream("aac", rate=48_000, layout="mono" if track.channels == 1 else "stereo")
    for packet in packets(source, track):
        for frame in frames(packet):
            seconds += frame.samples / frame.sample_rate
            if seconds > max_duration_s:
                raise TooLongError(seconds)
            frame.pts = None  # the encoder counts for itself: gaps and jumps of damaged files would stop it
            target.mux(stream.encode(frame))
    target.mux(stream.encode(None))


def opened(file: Path) -> InputContainer:
    return av.open(file, metadata_errors="ignore", options=OPTIONS)


def sound_tracks(source: InputContainer) -> list[AudioStream]:
    """Return the sound tracks whose codec is known."""
    return [track for track in source.streams.audio if track.codec_context is not None]


def packets(source: InputContainer, *streams: Stream) -> Iterator[Packet[Any]]:
    """Yield what can be read of the streams; the last packet of each is empty and flushes its decoder."""
    with suppress(FFmpegError):  # a truncated file
        yield from source.demux(*streams)


def frames(packet: Packet[Any]) -> Iterator[Any]:
    """Yield the sound in a packet, nothing for a damaged one."""
    with suppress(FFmpegError):
        yield from packet.decode()


if __name__ == "__main__":
    main()
