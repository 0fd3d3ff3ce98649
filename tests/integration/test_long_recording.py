"""Hours of speech."""

import os
from pathlib import Path

import pytest

from sandbox.media import SPEECH
from sandbox.model import tiny_en
from services.clients.whisper import WhisperTranscriber

SONNET_S = 53.27
MOST_MB = 40
"""That an hour may take beyond two minutes; as samples it would be 230."""


def sonnets(folder: Path, times: int) -> Path:
    target = folder / f"{times}.mp3"
    target.write_bytes(SPEECH["sonnet"].read_bytes() * times)
    return target


def peak_of_child_mb() -> float:
    """The most memory that this process's only child has had."""
    [pid] = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1000


@pytest.mark.long
@pytest.mark.timeout(600)
async def test_an_hour_takes_no_more_memory_than_two_minutes(tmp_path: Path) -> None:
    peaks = []
    for times in (2, 67):
        transcriber = WhisperTranscriber(model=str(tiny_en()), compute_type="int8")
        audio = sonnets(tmp_path, times)
        transcript = await transcriber.transcribe(audio, language=None, heard=lambda _: None)
        peaks.append(peak_of_child_mb())
        await transcriber.aclose()
        assert transcript.segments[-1].end == pytest.approx(times * SONNET_S, rel=0.05)

    assert peaks[1] - peaks[0] < MOST_MB
