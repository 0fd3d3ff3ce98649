"""Everything that the HTTP side shows, put together: the dashboard, the bot's health, the metrics."""

import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aiohttp import web

from bot.dashboard.door import Door
from bot.dashboard.pages import Dashboard
from bot.health import Health
from bot.life import side_by_side
from bot.metrics import Metrics, MetricsPage
from config.settings import Settings
from services.jobs.job import Job
from services.overview import Overview
from services.store import JobStore

log = logging.getLogger(__name__)


class Vitals:
    """A process's health and metrics; an observer of jobs. `is_connected`: to Discord, where it should be."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        *,
        overview: Overview,
        store: JobStore,
        is_connected: Callable[[], bool] | None = None,
    ) -> None:
        self._door = _door(settings)
        self._metrics = metrics
        self._health = Health(is_connected, store)
        self._metrics_page = MetricsPage(metrics, overview, self._door)

    def routes(self) -> Iterable[web.RouteDef]:
        yield from self._health.routes()
        yield from self._metrics_page.routes()

    def notice(self, job: Job) -> None:
        self._metrics.notice(job)

    async def watching(self, pool: Coroutine[Any, Any, None]) -> None:
        """Run the worker loop and watch it, and the event loop."""
        await side_by_side(self._health.watching(pool), self._metrics.watch_loop())


class Window(Vitals):
    """With the dashboard. Close it with `aclose` before the server, which would wait for its event streams."""

    def __init__(
        self,
        settings: Settings,
        metrics: Metrics,
        *,
        overview: Overview,
        store: JobStore,
        is_connected: Callable[[], bool],
    ) -> None:
        super().__init__(settings, metrics, overview=overview, store=store, is_connected=is_connected)
        self._dashboard = Dashboard(overview, self._door)

    def routes(self) -> Iterable[web.RouteDef]:
        yield from self._dashboard.routes()
        yield from super().routes()

    def notice(self, job: Job) -> None:
        self._dashboard.notice(job)
        super().notice(job)

    async def aclose(self) -> None:
        await self._dashboard.aclose()


def _door(settings: Settings) -> Door:
    token = settings.dashboard_token
    door = Door(settings.http_host, token.get_secret_value() if token else None)
    if settings.port is not None and door.is_shut:
        log.warning("http: HTTP_HOST is not this machine alone: nobody sees the dashboard without a DASHBOARD_TOKEN")
    return door
