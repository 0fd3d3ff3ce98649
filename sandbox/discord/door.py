"""The door of the REST API: token, rate limits and the form of every answer are looked after here, once."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web

from sandbox.discord.errors import NOT_FOUND, UNAUTHORIZED, DiscordError
from sandbox.discord.limits import GLOBAL, Limit, Limiter, Verdict
from sandbox.discord.oracle import API

Answer = Any
"""What a handler returns: JSON, or None for 204."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `open` ones carry an interaction's token in their path and stand outside the global limit."""

    method: str
    path: str
    handle: Callable[[web.Request], Awaitable[Answer]]
    limit: Limit | None = None
    status: int = 200
    open: bool = False


class Door:
    """Lets requests through to their endpoints."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._limiter = Limiter()

    def route(self, endpoint: Endpoint) -> web.RouteDef:
        return web.route(endpoint.method, API + endpoint.path, partial(self._serve, endpoint))

    def nothing_else(self) -> web.RouteDef:
        """Return the route of everything that no endpoint is for."""
        return web.route("*", API + "/{anything:.*}", _not_found)

    async def _serve(self, endpoint: Endpoint, request: web.Request) -> web.Response:
        verdict = Verdict()
        try:
            if not endpoint.open:
                self._authenticate(request)
                verdict = self._limiter.take(GLOBAL)
            if endpoint.limit is not None and verdict.refusal is None:
                verdict = self._limiter.take(endpoint.limit, request.match_info["channel"])
            if verdict.refusal is not None:
                return as_json(verdict.refusal, 429, verdict.headers)
            answer = await endpoint.handle(request)
        except DiscordError as error:
            return as_json(error.body, error.status, verdict.headers)
        if answer is None:
            return web.Response(status=204, headers=verdict.headers)
        return as_json(answer, endpoint.status, verdict.headers)

    def _authenticate(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bot {self._token}":
            raise DiscordError(UNAUTHORIZED)


def as_json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Answer as Discord does: `application/json`, without a charset."""
    return web.Response(body=json.dumps(body).encode(), status=status, headers=headers, content_type="application/json")


def is_set(request: web.Request, flag: str) -> bool:
    """Say whether a flag of the query is true, in either way that Discord reads."""
    return request.query.get(flag, "").lower() in ("1", "true")


async def _not_found(_: web.Request) -> web.Response:
    return as_json(DiscordError(NOT_FOUND).body, NOT_FOUND.status)
