"""How late the bot's event loop is while two transcriptions and four downloads run."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.bot import running_bot
from bench.model import TINY
from bench.probed_bot import EVERY_S, FILE
from bench.recordings import reading
from bench.tables import Outcome, p99, p99_of, table
from bench.watching import CHANNEL, FailedError, Span, job_of
from sandbox.worlds import Worlds
from services.jobs.job import Job, JobStatus, Stage

_TRANSCRIPTIONS, _DOWNLOADS = 2, 4
_LOOK_EVERY_S = 0.1
_WITHIN_S = 300.0
_CLIP = "reading"
_MUTE = f"{_CLIP}-720.mp4"
"""What is downloaded has no sound: however early a transcription may begin, it adds none to the two."""
_SLOW = 20_000
"""Bytes a second and connection: these downloads outlast the measurement, and yt-dlp tells its progress as ever."""


async def measure(*, quick: bool) -> Outcome:
    """Two recordings of 160 s at a time, five times; `quick`: of 53 s, once. The downloads go on beside them."""
    with TemporaryDirectory(prefix="auditscribe-bench-") as folder:
        file = Path(folder) / "lags.json"
        async with Worlds(Path(folder)) as worlds:
            sound = reading(worlds.clips, _CLIP, 1 if quick else 3).read_bytes()
            worlds.site.slow[f"/clips/{_MUTE}"] = _SLOW
            settings = TINY.settings() | {"WORKERS": str(_TRANSCRIPTIONS + _DOWNLOADS), FILE: str(file)}
            async with running_bot(worlds, module="bench.probed_bot", **settings):
                links = [f"{worlds.site.clip_url(_MUTE)}?number={number}" for number in range(_DOWNLOADS)]
                downloads = [worlds.discord.post(CHANNEL, link)["id"] for link in links]
                windows = [await _window(worlds, sound, downloads) for _ in range(1 if quick else 5)]
        lags = json.loads(file.read_text())
    return _outcome([[1000 * lag for at, lag in lags if begun <= at <= ended] for begun, ended in windows])


async def _window(worlds: Worlds, sound: bytes, downloads: Sequence[str]) -> Span:
    """Post two recordings; return when, by the loops' clock, both were transcribed and all downloads under way."""
    files = [(f"{number}.m4a", sound, "audio/mp4") for number in range(_TRANSCRIPTIONS)]
    recordings = [worlds.discord.post(CHANNEL, files=[file])["id"] for file in files]
    times = []
    async with asyncio.timeout(_WITHIN_S):
        while not all(_is_transcribed(job_of(worlds, one)) for one in recordings):
            if _in(worlds, recordings, Stage.TRANSCRIBING) and _in(worlds, downloads, Stage.DOWNLOADING):
                times.append(asyncio.get_running_loop().time())
            await asyncio.sleep(_LOOK_EVERY_S)
    if not times:
        raise FailedError("The transcriptions and the downloads were never under way at once.")
    return times[0], times[-1]


def _is_transcribed(job: Job | None) -> bool:
    return job is not None and (job.stage is Stage.UPLOADING or job.has_ended)


def _in(worlds: Worlds, messages: Sequence[str], stage: Stage) -> bool:
    jobs = [job_of(worlds, message) for message in messages]
    return all(job and job.status is JobStatus.RUNNING and job.stage is stage for job in jobs)


def _outcome(runs: Sequence[Sequence[float]]) -> Outcome:
    seconds = sum(len(run) for run in runs) * EVERY_S
    figures = [median(map(median, runs)), p99_of(runs), median(map(max, runs))]
    title = (
        f"Lag of the bot's event loop, {_TRANSCRIPTIONS} transcriptions and {_DOWNLOADS} downloads running: "
        f"milliseconds, medians of {len(runs)} runs ({seconds:.0f} s in all)"
    )
    return Outcome(
        tables=[table(title, ("", "median", "p99", "worst"), [["lag", *figures]])],
        results={"loop_lag_p99_ms": figures[1]},
        raw={"p99": [p99(run) for run in runs], "lags_ms": [[round(lag, 3) for lag in run] for run in runs]},
    )
