"""Nothing behind the guard can be reached, in whatever spelling; all that is let through arrives unchanged."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web

from services.clients.addresses import is_public
from services.clients.guard import Guard
from services.clients.own_loop import on_own_loop
from tests.integration.hostile_site import Canary

SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "017700000001",
    "127.8.8.8",
    "0",
    "0.0.0.0",  # noqa: S104  # an address to refuse, not to listen on
    "localhost",
    "LocalHost",
    "localhost.",
    "127.0.0.1.",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "user:secret@127.0.0.1",
    "youtube.com@127.0.0.1",
    "inward.example",
    "half-inward.example",
]


@pytest.fixture
async def canary() -> AsyncIterator[Canary]:
    async with Canary("200 OK").singing() as canary:
        yield canary


def answering(*addresses: str) -> Callable[[str, int], Awaitable[list[str]]]:
    """A name server that gives the next address at each question."""
    left = iter(addresses)

    async def resolve(_host: str, _port: int) -> list[str]:
        return [next(left)]

    return resolve


async def resolve_with_inward_names(host: str, port: int) -> list[str]:
    if host == "inward.example":
        return ["127.0.0.1"]
    if host == "half-inward.example":
        return ["127.0.0.1", "93.184.215.14"]
    found = await asyncio.get_running_loop().getaddrinfo(host, port)
    return [str(address[0]) for *_, address in found]


async def exchange(proxy: str, *messages: bytes) -> bytes:
    """Return all that the proxy answers to messages of which each waits for the answer to the one before."""
    _, _, port = proxy.rpartition(":")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    answer = b""
    for message in messages:
        writer.write(message)
        answer += await reader.read(2**16)
    answer += await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def plainly(host: str, port: int) -> tuple[bytes, ...]:
    return (f"GET http://{host}:{port}/song HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(),)


def through_a_tunnel(host: str, port: int) -> tuple[bytes, ...]:
    return f"CONNECT {host}:{port} HTTP/1.1\r\n\r\n".encode(), b"GET /song HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("ask", [plainly, through_a_tunnel])
@pytest.mark.parametrize("host", SPELLINGS)
async def test_no_spelling_gets_inside(host: str, ask: Callable[[str, int], tuple[bytes, ...]], canary: Canary) -> None:
    pair = f"{host}:{canary.port}"
    async with Guard([pair], resolve=resolve_with_inward_names) as guard:
        assert b"tweet" in await exchange(guard.url, *ask(host, canary.port))
    canary.heads.clear()

    async with Guard(ports=[canary.port], resolve=resolve_with_inward_names) as guard:
        answer = await exchange(guard.url, *ask(host, canary.port)[:1])

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"\r\nX-Auditscribe-Guard: refused\r\n" in answer
    assert b"is not on the public internet." in answer
    assert canary.heads == []


async def test_a_redirect_inward_is_refused(canary: Canary) -> None:
    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPFound(f"http://127.0.0.1:{canary.port}/song")

    app = web.Application()
    app.router.add_get("/", redirect)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    site = f"127.0.0.1:{runner.addresses[0][1]}"
    seen = []
    for allowed in ([site, f"127.0.0.1:{canary.port}"], [site]):
        async with Guard(allowed) as guard, aiohttp.ClientSession() as session:
            seen.append((await session.get(f"http://{site}/", proxy=guard.url)).status)
    await runner.cleanup()

    assert seen == [200, 403]
    assert len(canary.heads) == 1


async def test_a_name_is_resolved_once_and_its_very_address_is_dialled(canary: Canary) -> None:
    async with Guard([f"x.example:{canary.port}"], resolve=answering("127.0.0.1", "192.0.2.1")) as guard:
        assert b"tweet" in await exchange(guard.url, *plainly("x.example", canary.port))


async def test_only_web_ports_are_open() -> None:
    async with Guard(resolve=answering("93.184.215.14")) as guard:
        answer = await exchange(guard.url, *plainly("example.com", 22))

    assert answer.startswith(b"HTTP/1.1 403 Forbidden (network guard: port)\r\n")
    assert b"Port 22 is not a web port." in answer


async def test_the_server_gets_the_request_as_if_without_a_proxy(canary: Canary) -> None:
    request = (
        f"GET http://me@127.0.0.1:{canary.port}/a%20b//c?x=1&y HTTP/1.1\r\nHost: elsewhere\r\nRange: bytes=5-\r\n"
        "Proxy-Authorization: Basic eDp5\r\nProxy-Connection: keep-alive\r\nConnection: keep-alive\r\n\r\n"
    )
    async with Guard([f"127.0.0.1:{canary.port}"]) as guard:
        await exchange(guard.url, request.encode())

    expected = f"GET /a%20b//c?x=1&y HTTP/1.1\r\nHost: 127.0.0.1:{canary.port}\r\nConnection: close\r\nRange: bytes=5-"
    assert canary.heads == [expected.encode() + b"\r\n\r\n"]


async def test_a_name_without_address_is_a_bad_gateway() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    async with Guard(resolve=resolve) as guard:
        assert b" 502 " in await exchange(guard.url, *plainly("nowhere.example", 80))


async def test_a_host_that_does_not_answer_is_a_bad_gateway() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with Guard([f"127.0.0.1:{port}"]) as guard:
        assert b" 502 " in await exchange(guard.url, *plainly("127.0.0.1", port))


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1",
        b"GET https://example.com/ HTTP/1.1",
        b"GET file:///etc/passwd HTTP/1.1",
        b"GET http:///x HTTP/1.1",
        b"CONNECT example.com HTTP/1.1",
        b"CONNECT example.com:99999 HTTP/1.1",
        b"GET http://ex\xc3\xa4mple.com/ HTTP/1.1",
        b"GET http://%31%32%37.0.0.1/ HTTP/1.1",
        b"CONNECT [fe80::1%25eth0]:443 HTTP/1.1",
        b"GET ftp://example.com/ HTTP/1.1",
        b"nonsense",
    ],
)
async def test_what_is_no_proxy_request_is_a_bad_request(head: bytes) -> None:
    async with Guard() as guard:
        assert (await exchange(guard.url, head + b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")


async def test_a_slow_reader_slows_the_server_instead_of_filling_the_memory() -> None:
    sent = 0

    async def pour(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while not writer.is_closing():
            writer.write(bytes(2**16))
            sent += 2**16
            await writer.drain()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        async with await asyncio.start_server(pour, sock=listening), Guard([f"127.0.0.1:{port}"]) as guard:
            _, writer = await asyncio.open_connection("127.0.0.1", int(guard.url.rpartition(":")[2]))
            writer.write(f"GET http://127.0.0.1:{port}/ HTTP/1.1\r\n\r\n".encode())
            before = -1
            while before != sent:
                before = sent
                await asyncio.sleep(0.2)
            writer.transport.abort()

    assert 0 < sent < 40 * 2**20  # what the sockets' own buffers hold


async def test_closing_the_guard_ends_open_tunnels(canary: Canary) -> None:
    async with Guard([f"127.0.0.1:{canary.port}"]) as guard:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(guard.url.rpartition(":")[2]))
        writer.write(through_a_tunnel("127.0.0.1", canary.port)[0])
        await reader.readuntil(b"\r\n\r\n")
    assert await reader.read() == b""
    writer.close()


async def test_the_guard_goes_on_while_the_bots_loop_is_held_up() -> None:
    async with on_own_loop(Guard()) as guard:
        with socket.create_connection(("127.0.0.1", int(guard.url.rpartition(":")[2])), timeout=5) as asking:
            asking.sendall(b"nonsense\r\n\r\n")
            assert asking.recv(12) == b"HTTP/1.1 400"


@pytest.mark.parametrize(
    "address",
    [
        *("10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "192.0.0.192", "168.63.129.16"),
        *("0.1.2.3", "127.255.255.254", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
        *("::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::808:808", "2002:7f00:1::"),
        *("fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "2001::1"),
    ],
)
def test_addresses_inside_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_addresses_outside_are_public(address: str) -> None:
    assert is_public(address)
