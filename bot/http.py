"""The HTTP side: one server; what is to be found there, others bring as routes."""

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Self

from aiohttp import web

from bot.start import StartError
from services.errors import OperatorError, TransientError

log = logging.getLogger(__name__)

_BODY_BYTES = 64 * 2**10
_LAST_ANSWERS_S = 1.0
"""How long a stopping bot waits for answers that are under way."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RequestError(Exception):
    """A request that is answered with a status and a sentence; `more` are further fields of the answer."""

    def __init__(self, status: int, sentence: str, **more: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.more = more


class Http:
    """Listens while its block runs, on any free port where `port` is 0. What is refused is answered as JSON.

    Raises:
        StartError: it cannot listen there.
    """

    def __init__(self, host: str, port: int, routes: Iterable[web.RouteDef] = ()) -> None:
        app = web.Application(middlewares=[_explain], client_max_size=_BODY_BYTES)
        app.add_routes(routes)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_ANSWERS_S)
        self._host, self._port = host, port

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port).start()
        except OSError as error:
            await self._runner.cleanup()
            raise StartError(
                f"PORT={self._port} at HTTP_HOST={self._host} cannot be listened on: {error.strerror}."
            ) from None
        log.info("http: listening on %s", self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        host, port, *_ = self._runner.addresses[0]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what was refused, or cannot be done at the moment, with a sentence."""
    try:
        return await handler(request)
    except RequestError as error:
        return web.json_response({"error": str(error), **error.more}, status=error.status)
    except (TransientError, OperatorError) as error:
        return web.json_response({"error": str(error)}, status=503)
    except web.HTTPException as error:  # not found, wrong method, too large: aiohttp's own
        error.text = json.dumps({"error": f"{error.reason}."})
        error.content_type = "application/json"
        raise
