"""How the bot is, for whoever starts it again when it hangs, and for whoever waits until it can work."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from aiohttp import web

from services.ledger_file import LedgerError
from services.store import JobStore

_PATIENCE_S = 2.0
"""A ledger that takes longer to answer is not well."""
_WELL = "ok"


class Health:
    """Three addresses that need no token, since they tell nothing of anybody's videos.

    /healthz/live: 503 means start it again: nobody works on jobs any more (no answer at all means so, too).
    /healthz/ready: 503 means wait: Discord or the ledger cannot be reached, or the workers have not begun.
    /healthz: all of it.
    """

    def __init__(self, is_connected: Callable[[], bool] | None, store: JobStore) -> None:
        self._is_connected = is_connected
        self._store = store
        self._begun = self._ended = False

    async def watching(self, pool: Coroutine[Any, Any, None]) -> None:
        """Run the worker loop, and know whether it runs."""
        self._begun = True
        try:
            await pool
        finally:
            self._ended = True

    def routes(self) -> Iterable[web.RouteDef]:
        yield web.get("/healthz/live", self._live)
        yield web.get("/healthz/ready", self._ready)
        yield web.get("/healthz", self._ready)

    async def _live(self, _: web.Request) -> web.Response:
        return _answer({"workers": "ended" if self._ended else _WELL})

    async def _ready(self, _: web.Request) -> web.Response:
        workers = "ended" if self._ended else _WELL if self._begun else "not begun yet"
        checks = {"ledger": await self._ledger(), "workers": workers}
        if self._is_connected:
            checks["gateway"] = _WELL if self._is_connected() else "not connected to Discord"
        return _answer(checks)

    async def _ledger(self) -> str:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                await self._store.find_note("health")
        except TimeoutError:
            return "does not answer"
        except LedgerError:
            return "cannot be read"
        return _WELL


def _answer(checks: dict[str, str]) -> web.Response:
    is_well = all(found == _WELL for found in checks.values())
    headers = {"Cache-Control": "no-store"}
    return web.json_response({"well": is_well, **checks}, status=200 if is_well else 503, headers=headers)
