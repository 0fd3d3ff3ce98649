"""What the four worlds share: a loopback server that records every exchange and can be told to misbehave."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

SPECS = Path(__file__).resolve().parents[2] / "shared" / "specs"
"""Where the official descriptions lie; a world without its own says UNCHECKED."""

PAYLOAD = web.RequestKey("payload", object)
"""Where a handler of multipart forms leaves their JSON part, so that it is recorded and checked too."""

_KEPT_BYTES = 2**16

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Exchange:
    """One request and its answer. Bodies are parsed JSON, bytes for anything else, or None."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    at: float
    """When the request arrived, in seconds of the event loop's clock."""
    status: int = 0
    """0 until answered, and for ever where the connection was dropped instead."""
    answer: Any = None
    answered_at: float | None = None
    """When its answer was ready, by the same clock."""
    violations: tuple[str, ...] = ()


@dataclass(slots=True)
class Fault:
    """Misbehaviour for the next `times` requests that match `method` and the regular expression `path`.

    `before` decides whether the world does the work first (False: done, and the answer is lost).
    `status` None drops the connection without an answer.
    """

    method: str
    path: str
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    times: int = 1
    before: bool = True
    delay: float = 0.0
    meanwhile: Callable[[], Awaitable[None]] | None = None
    """What happens just before the answer, or the drop: after the work where `before` is False."""

    def matches(self, request: web.Request) -> bool:
        return self.times > 0 and request.method == self.method and re.search(self.path, request.path) is not None


class World:
    """One service on 127.0.0.1. Subclasses give `routes()` and, where there is an oracle, `check()`."""

    name = "world"
    max_body = 64 * 2**20

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.faults: list[Fault] = []
        self.listeners: list[Callable[[], None]] = []
        self.checked = 0
        self.violations: list[str] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    def routes(self) -> Iterable[web.RouteDef]:
        """Return the service's routes."""
        raise NotImplementedError

    def check(self, exchange: Exchange) -> Iterable[str] | None:
        """Return what the service's official description forbids in an exchange; None if it was not checked."""
        return None

    def misbehave(self, body: Any, status: int, headers: dict[str, str]) -> web.Response:
        """Return a fault's answer in the form of the service's own."""
        return web.json_response(body, status=status, headers=headers)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def address(self) -> str:
        """`host:port`, as ALLOW_PRIVATE_HOSTS takes it."""
        return f"127.0.0.1:{self._port}"

    async def start(self, port: int = 0) -> None:
        """Listen; on the same port again after a stop."""
        app = web.Application(middlewares=[self._record], client_max_size=self.max_body)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port or self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def changed(self) -> None:
        """Tell the listeners (the demo's page, waiting tests) that something may look different now."""
        for listener in tuple(self.listeners):
            listener()

    async def until(self, condition: Callable[[], bool], within: float = 30.0) -> None:
        """Wait until `condition` holds, looking after each change; raise TimeoutError after `within` seconds."""
        event = asyncio.Event()
        self.listeners.append(event.set)
        try:
            async with asyncio.timeout(within):
                while not condition():
                    await event.wait()
                    event.clear()
        finally:
            self.listeners.remove(event.set)

    @web.middleware
    async def _record(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        exchange = Exchange(
            request.method,
            request.path,
            dict(request.query),
            dict(request.headers),
            await _body_of(request),
            asyncio.get_running_loop().time(),
        )
        self.exchanges.append(exchange)
        fault = next((f for f in self.faults if f.matches(request)), None)
        response = await self._answer(request, handler, fault)
        if exchange.body is None:
            exchange.body = request.get(PAYLOAD)
        exchange.status, exchange.answered_at = response.status, asyncio.get_running_loop().time()
        exchange.answer = _answer_of(response)
        if fault is None and (found := self.check(exchange)) is not None:
            self.checked += 1
            exchange.violations = tuple(found)
            self.violations += [f"{exchange.method} {exchange.path}: {violation}" for violation in exchange.violations]
        exchange.body, exchange.answer = _shortened(exchange.body), _shortened(exchange.answer)
        self.changed()
        return response

    async def _answer(self, request: web.Request, handler: Handler, fault: Fault | None) -> web.StreamResponse:
        if fault is None:
            try:
                return await handler(request)
            except web.HTTPException as error:  # aiohttp wants these raised, never returned
                return web.Response(status=error.status, headers=error.headers, body=error.body)
        fault.times -= 1
        await asyncio.sleep(fault.delay)
        if not fault.before:
            await handler(request)
        if fault.meanwhile is not None:
            await fault.meanwhile()
        if fault.status is None:
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=499)
        return self.misbehave(fault.body, fault.status, fault.headers)


def _shortened(content: Any) -> Any:
    """A video's bytes are not kept for good."""
    return content[:_KEPT_BYTES] if isinstance(content, bytes) else content


async def _body_of(request: web.Request) -> Any:
    if not request.can_read_body or request.content_type == "multipart/form-data":
        return None
    raw = await request.read()
    if request.content_type == "application/json" and raw:
        return json.loads(raw)
    return raw


def _answer_of(response: web.StreamResponse) -> Any:
    if not isinstance(response, web.Response) or not isinstance(response.body, bytes):
        return None
    if response.content_type == "application/json" and response.body:
        return json.loads(response.body)
    return response.body
