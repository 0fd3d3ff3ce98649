"""Each file of tests/hostile_files.py through the real children: the media reader, and then the recogniser."""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from sandbox.model import tiny_en
from services.clients.media_tool import take_apart
from services.clients.whisper import NotYetReadableError, WhisperTranscriber
from services.errors import PermanentError
from services.jobs.job import Artifacts
from services.media import Media, Transcript
from services.pipeline.download import holding_media
from tests.builders import a_metadata
from tests.hostile_files import FILES, Done, HostileFile, Refused

LIMIT_S = 43200.0
TAKEN_APART_S = 5.0
"""Many times what the slowest takes by itself."""
MOST_MB = 150
"""What all the files together may add to the recogniser's memory after the first."""
DISK_FACTOR = 15
"""What is made of a file is smaller than this many times its size, or a MB."""

Came = tuple[Media, Transcript] | str
"""What a file came to: what was made of it, or the sentence why nothing was."""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


async def test_each_file_comes_to_the_end_that_its_poster_expects(
    tmp_path: Path, clips: Path, subtests: pytest.Subtests
) -> None:
    await check([file for file in FILES if not file.many_hours], clips, tmp_path, subtests)


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_each_file_of_many_hours_does_so_too(tmp_path: Path, clips: Path, subtests: pytest.Subtests) -> None:
    await check([file for file in FILES if file.many_hours], clips, tmp_path, subtests)


async def check(files: Sequence[HostileFile], clips: Path, tmp_path: Path, subtests: pytest.Subtests) -> None:
    """Let one recogniser meet all the files: none ends it, or makes it grow."""
    transcriber = WhisperTranscriber(model=str(tiny_en()), compute_type="int8", max_duration_s=LIMIT_S)
    processes: dict[str, float] = {}
    async with aclosing(transcriber):
        for number, file in enumerate(files):
            (folder := tmp_path / str(number)).mkdir()
            file.write(clips, path := folder / file.name)
            size = size_of(folder)
            came = await came_to(path, transcriber)
            with subtests.test(file.what):
                check_end(came, file.end)
                assert size_of(folder) < max(DISK_FACTOR * size, 2**20)
            if not file.many_hours:
                with subtests.test(f"{file.what}, before anybody has looked at it"):
                    check_glimpse(await arriving(path, transcriber), file.end)
            processes = processes or children()
            assert children().keys() == processes.keys(), f"{file.what} ended the recogniser"
        [before_mb], [after_mb] = processes.values(), children().values()
    assert after_mb - before_mb < MOST_MB


def check_end(came: Came, end: Done | Refused) -> None:
    match came, end:
        case str(sentence), Refused(why):
            assert why in sentence
        case (Media() as media, Transcript() as transcript), Done():
            assert (media.video is not None, media.audio is not None) == (end.video, end.sound)
            assert media.duration_s == pytest.approx(end.seconds, rel=0.02, abs=0.3)
            assert end.says in transcript.text
            assert bool(transcript.text) == bool(end.says), transcript.text
        case _:
            pytest.fail(f"{came} instead of {end}")


def check_glimpse(transcript: Transcript | None, end: Done | Refused) -> None:
    """In streaming mode the recogniser may have words of a file that is refused only when it is whole."""
    if transcript and isinstance(end, Done):
        assert end.says in transcript.text
    elif transcript:
        assert transcript.text == ""


async def came_to(file: Path, transcriber: WhisperTranscriber) -> Came:
    began = time.monotonic()
    try:
        media = await take_apart(file, file.parent, max_duration_s=LIMIT_S)
        assert time.monotonic() - began < TAKEN_APART_S
        holding_media(Artifacts(metadata=a_metadata(duration_s=None)), media, LIMIT_S)
        if media.audio is None:
            return media, Transcript((), None, None)
        return media, await transcriber.transcribe(media.audio.path, language=None, heard=lambda _: None)
    except PermanentError as error:
        return str(error)


async def arriving(file: Path, transcriber: WhisperTranscriber) -> Transcript | None:
    """What the recogniser makes of a file that has just come, if anything."""
    (whole := asyncio.Event()).set()
    try:
        return await transcriber.transcribe(file, language=None, heard=lambda _: None, whole=whole)
    except (PermanentError, NotYetReadableError):
        return None


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def children() -> dict[str, float]:
    """The processes that this one has started, and the most memory that each has had, in MB."""
    found = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    return {process: _peak_mb(Path(f"/proc/{process}/status").read_text()) for process in found}


def _peak_mb(status: str) -> float:
    return next(int(line.split()[1]) / 1000 for line in status.splitlines() if line.startswith("VmHWM"))
