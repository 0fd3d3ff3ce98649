"""One try of a job as it goes: what its stages make is put together and recorded."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from services.jobs.eta import rate_of
from services.jobs.job import Artifacts, Job, Stage
from services.ledger_file import LedgerError
from services.media import Progress
from services.pipeline.stage import StageStep
from services.recorder import Recorder

log = logging.getLogger(__name__)

PROGRESS_EVERY_S = 1.0
"""How often a stage's progress is recorded."""

Work = Callable[[Job, Progress], Awaitable[Artifacts]]


class Course:
    """Stages may be under way at once; `job` is what was recorded last, in the stage that people are shown."""

    def __init__(self, job: Job, recorder: Recorder, clock: Callable[[], datetime]) -> None:
        self.job = job
        self._recorder = recorder
        self._clock = clock
        self._recording = asyncio.Lock()

    async def enter(self, stage: Stage) -> None:
        """Begin a try of a stage, which is shown from now on."""
        async with self._recording:
            self.job = self.job.entering(stage, self._clock())
            await self._recorder.record(self.job)
        log.info("%s: %s (try %d): %s", self.job.id, stage.name, self.job.attempts, self.job.title)

    async def take(self, step: StageStep, workdir: Path) -> None:
        """Go through one stage."""
        await self.enter(step.name)
        await self.do(step.name, lambda job, progress: step.run(job, workdir, progress))

    async def do(self, stage: Stage, work: Work, *, ends: bool = True, measured: bool = True) -> None:
        """Do the work of a stage and keep what it made; `measured`: it tells how long such work takes.

        With `ends` the stage is over then; else some of its work is left.
        """
        before, began = self.job.artifacts, asyncio.get_running_loop().time()
        async with self._progress_of(stage) as progress:
            made = await work(self.job, progress)
        seconds = asyncio.get_running_loop().time() - began
        async with self._recording:
            job = replace(self.job, artifacts=self.job.artifacts.with_changes(before, made))
            self.job = job.ending(stage, self._clock()) if ends else job
            await self._recorder.keep(self.job)
        if measured and (rate := rate_of(stage, self.job, seconds)):
            with suppress(LedgerError):  # an estimate is not worth waiting for
                await self._recorder.store.keep_rate(rate)

    def back_in(self, stage: Stage, attempts: int) -> None:
        """Be in an earlier stage again: its try number `attempts`, which was under way all the time, has failed."""
        self.job = self.job.back_in(stage, attempts)

    @asynccontextmanager
    async def _progress_of(self, stage: Stage) -> AsyncIterator[Progress]:
        """Record what a stage tells of its progress, now and then, while it is the one that is shown."""
        told = 0.0

        def tell(fraction: float) -> None:
            nonlocal told
            told = fraction

        async def record() -> None:
            recorded = 0.0
            while True:
                await asyncio.sleep(PROGRESS_EVERY_S)
                if told != recorded and self.job.stage is stage:
                    recorded = told
                    async with self._recording:
                        self.job = self.job.progressed(recorded)
                        await self._recorder.record(self.job)

        recording = asyncio.create_task(record())
        try:
            yield tell
        finally:
            recording.cancel()
            await asyncio.gather(recording, return_exceptions=True)
