"""The network guard: a proxy of our own on loopback, through which alone the links of strangers are fetched."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from contextlib import closing, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import urlsplit

from services.clients.addresses import is_public, resolve_name

log = logging.getLogger(__name__)

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_WEB_PORTS = (80, 443)
_HEAD_BYTES = 2**16
_HEAD_TIMEOUT_S = 30.0
_BLOCK_BYTES = 2**16
_HEAD_END = b"\r\n\r\n"
_TUNNEL_OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"
_NOT_PASSED_ON = (b"proxy-", b"connection:", b"keep-alive:", b"host:")


class Guard:
    """Passes on what goes to public addresses and web ports, and to the `host:port` pairs in `allowed`.

    A name is resolved once, all its addresses are looked at, and the connection goes to one of these very addresses:
    neither a second answer of the name server nor a redirect gets past. Speaks CONNECT and plain http.
    """

    def __init__(
        self,
        allowed: Collection[str] = (),
        *,
        ports: Collection[int] = _WEB_PORTS,
        connect_timeout_s: float = 15.0,
        resolve: Callable[[str, int], Awaitable[list[str]]] = resolve_name,
    ) -> None:
        self._allowed = {_host_and_port(pair) for pair in allowed}
        self._ports = ports
        self._connect_timeout_s = connect_timeout_s
        self._resolve = resolve
        self._server: asyncio.Server | None = None
        self._open = set[asyncio.Task[None]]()

    @property
    def url(self) -> str:
        """The proxy's address, as its clients take it, once it is started."""
        if self._server is None:
            raise RuntimeError("The guard is not running.")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=_HEAD_BYTES)

    async def aclose(self) -> None:
        """Stop listening, and break off what is open."""
        if self._server is not None:
            self._server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection; it carries one request."""
        with closing(writer), suppress(OSError, EOFError):  # the client may leave at any time
            try:
                request = await _read_request(reader)
                server = await self._dial(request.host, request.port)
            except _EndsHereError as end:
                log.info("The guard answered %s: %s", end.status.value, end)
                writer.write(end.answer)
            else:
                with closing(server[1]):
                    (server[1] if request.onward else writer).write(request.onward or _TUNNEL_OPEN)
                    await _join((reader, writer), server)
            writer.close()
            await writer.wait_closed()

    async def _dial(self, host: str, port: int) -> _Streams:
        for address in await self._addresses(host, port):
            with suppress(OSError):  # the next one, then
                async with asyncio.timeout(self._connect_timeout_s):
                    return await asyncio.open_connection(address, port)
        raise _EndsHereError(HTTPStatus.BAD_GATEWAY, f"{host} does not answer.")

    async def _addresses(self, host: str, port: int) -> list[str]:
        allowed = (host, port) in self._allowed
        if not allowed and port not in self._ports:
            raise _EndsHereError(HTTPStatus.FORBIDDEN, f"Port {port} is not a web port.", ": port")
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                addresses = await self._resolve(host, port)
        except (OSError, ValueError) as error:
            raise _EndsHereError(HTTPStatus.BAD_GATEWAY, f"{host} has no address.") from error
        if not allowed and not all(is_public(address) for address in addresses):
            raise _EndsHereError(HTTPStatus.FORBIDDEN, f"{host} is not on the public internet.")
        return addresses


class _EndsHereError(Exception):
    """A request that is not passed on; `str()` is the answer's one line, `hint` stands in its status line."""

    def __init__(self, status: HTTPStatus, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.status = status
        self._hint = hint

    @property
    def answer(self) -> bytes:
        body = f"{self}\n".encode()
        verdict = "refused" if self.status is HTTPStatus.FORBIDDEN else "failed"
        return (
            f"HTTP/1.1 {self.status.value} {self.status.phrase} (network guard{self._hint})\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
            f"X-Auditscribe-Guard: {verdict}\r\nConnection: close\r\n\r\n"
        ).encode() + body


@dataclass(frozen=True, slots=True)
class _Request:
    host: str
    port: int
    onward: bytes = b""
    """The head as the server is to get it; empty for a tunnel."""

    def __post_init__(self) -> None:
        if "%" in self.host:  # an escaped letter, or the name of a network card
            raise ValueError(f"{self.host} is no host of the web")

    @classmethod
    def parse(cls, head: bytes) -> Self:
        """Read a proxy request's head. Raises ValueError where it is none."""
        line, *fields = head.removesuffix(_HEAD_END).split(b"\r\n")
        method, target, version = line.decode("ascii").split(" ")
        if method == "CONNECT":
            return cls(*_host_and_port(target))
        url = urlsplit(target)
        if url.scheme != "http" or not url.hostname:
            raise ValueError(f"{target} is no address for a proxy")
        path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
        kept = [field for field in fields if not field.lower().startswith(_NOT_PASSED_ON)]
        own = [f"{method} {path} {version}", f"Host: {url.netloc.rpartition('@')[2]}", "Connection: close"]
        return cls(
            url.hostname.rstrip("."),
            url.port or 80,
            b"\r\n".join([*(text.encode() for text in own), *kept]) + _HEAD_END,
        )


async def _read_request(reader: asyncio.StreamReader) -> _Request:
    try:
        async with asyncio.timeout(_HEAD_TIMEOUT_S):
            return _Request.parse(await reader.readuntil(_HEAD_END))
    except (asyncio.LimitOverrunError, ValueError) as error:
        raise _EndsHereError(HTTPStatus.BAD_REQUEST, "This is no request that a proxy can read.") from error


def _host_and_port(pair: str) -> tuple[str, int]:
    """A dot at the end is another spelling of the same host, which not every resolver knows."""
    parts = urlsplit(f"//{pair}")
    if not parts.hostname or parts.port is None:
        raise ValueError(f"{pair} is not host:port")
    return parts.hostname.rstrip("."), parts.port


async def _join(client: _Streams, server: _Streams) -> None:
    """Pass bytes both ways until one side has ended."""
    async with asyncio.TaskGroup() as group:
        pumps = [group.create_task(_pump(client[0], server[1])), group.create_task(_pump(server[0], client[1]))]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while block := await source.read(_BLOCK_BYTES):
            sink.write(block)
            await sink.drain()
