"""What Prometheus is told: counted here as it happens, or looked up when it asks."""

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import aiohttp
from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector

from bot.children import children_memory
from bot.dashboard.door import Door
from services.jobs.job import ON_THEIR_WAY, Job, JobStatus, Stage, StageRun
from services.overview import Overview

LAG_EVERY_S = 0.1
_STAGE_S = (0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 43200)
_LAG_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
_NO_ANSWER = "none"


class Metrics:
    """An observer of jobs, with a registry of its own. Counts begin anew with each start, as Prometheus expects."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._ended_runs: dict[str, frozenset[int]] = {}
        """Which of the stage runs of each job on its way have been counted, by their places."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._ends = Counter(
            "auditscribe_jobs_ended", "Jobs that ended, and in which stage", ["end", "stage"], registry=registry
        )
        self._stages = Histogram(
            "auditscribe_stage_duration_seconds",
            "How long a try of a stage took",
            ["stage", "outcome"],
            buckets=_STAGE_S,
            registry=registry,
        )
        self._retries = Counter(
            "auditscribe_retries",
            "Tries of stages that failed and are made again: by itself, or once the operator has mended something",
            ["stage", "after"],
            registry=registry,
        )
        self._requests = Counter(
            "auditscribe_requests",
            "Requests to other services, by the status of the answer",
            ["service", "outcome"],
            registry=registry,
        )
        self._lag = Histogram(
            "auditscribe_event_loop_lag_seconds",
            "How much later than asked for the event loop comes back",
            buckets=_LAG_S,
            registry=registry,
        )
        self._jobs = Gauge("auditscribe_jobs", "Jobs on their way", ["status"], registry=registry)
        self._queue_age = Gauge(
            "auditscribe_queue_oldest_seconds",
            "How long the job that is next has stood in line; 0: nobody stands in line",
            registry=registry,
        )
        self._memory = Gauge(
            "auditscribe_children_resident_bytes",
            "Resident memory of the processes that the bot has started",
            ["program"],
            registry=registry,
        )
        for status in (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED):
            self._ends.labels(status.value, Stage.COMPLETE.value if status is JobStatus.SUCCEEDED else "")

    def notice(self, job: Job) -> None:
        ended = frozenset(place for place, run in enumerate(job.stage_runs) if run.ended_at)
        counted = self._ended_runs.pop(job.id, None)
        if not job.has_ended:
            self._ended_runs[job.id] = ended
        if counted is None:  # what is told of a job for the first time is its past
            return
        for place in sorted(ended - counted):
            self._count(job, job.stage_runs[place])
        if job.has_ended:
            self._ends.labels(job.status.value, job.stage or "").inc()

    def notion_answered(self, status: int | None) -> None:
        """Count a request to Notion; None: it was not answered."""
        self._requests.labels("notion", str(status or _NO_ANSWER)).inc()

    def discord_requests(self) -> aiohttp.TraceConfig:
        """Return what counts the requests of a Discord client."""
        count = self._requests.labels
        trace = aiohttp.TraceConfig()

        async def answered(_: Any, __: Any, request: aiohttp.TraceRequestEndParams) -> None:
            count("discord", str(request.response.status)).inc()

        async def failed(_: Any, __: Any, ___: Any) -> None:
            count("discord", _NO_ANSWER).inc()

        trace.on_request_end.append(answered)
        trace.on_request_exception.append(failed)
        return trace

    async def watch_loop(self) -> None:
        """Measure how late the event loop is, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag.observe(max(loop.time() - due, 0.0))

    async def look(self, overview: Overview) -> None:
        """Bring up to date what is not counted but looked up."""
        counts = await overview.counts()
        for status in ON_THEIR_WAY:
            self._jobs.labels(status.value).set(counts.get(status, 0))
        oldest = await overview.in_line_since()
        self._queue_age.set(max((self._clock() - oldest).total_seconds(), 0) if oldest else 0)
        memory = await asyncio.to_thread(children_memory)
        self._memory.clear()
        for program, size in memory.items():
            self._memory.labels(program).set(size)

    def _count(self, job: Job, run: StageRun) -> None:
        assert run.ended_at, "it was chosen for that"  # noqa: S101 (for the type checker)
        seconds = max((run.ended_at - run.started_at).total_seconds(), 0)
        self._stages.labels(run.stage.value, "failed" if run.error else "done").observe(seconds)
        if run.error and job.status is JobStatus.WAITING:
            self._retries.labels(run.stage.value, "operator" if job.waiting_for else "time").inc()


class MetricsPage:
    """/metrics, in Prometheus's text format or, for who asks for it, as OpenMetrics."""

    def __init__(self, metrics: Metrics, overview: Overview, door: Door) -> None:
        self._metrics = metrics
        self._overview = overview
        self._door = door

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.get("/metrics", self._door.behind(self._tell))

    async def _tell(self, request: web.Request) -> web.Response:
        await self._metrics.look(self._overview)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(self._metrics.registry), headers={"Content-Type": content_type})
