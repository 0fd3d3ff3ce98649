"""Looks, behind every test, for secrets of its worlds in what was logged, and in what was sent to be read.

A test that plants a leak says so (`@pytest.mark.leak`), and fails if it is not found.
"""

import asyncio
import json
import logging
import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.log_lines import TextLines
from sandbox.server import Exchange, World
from services.clients.child import SECRETS
from services.redaction import redacted

OURS = ("bot", "cogs", "services", "config")
_SHORTEST = 6
_GIVEN_OUT = re.compile(r"[?&](?:hm|signature|upload_id)=([^&\s\"\\]{16,})|/(?:webhooks|interactions)/\d+/([\w.-]+)")
"""In addresses: what lets anyone who has it read a file, write one, or answer a question; real ones have 64 letters."""
_TOKENS = re.compile(r"(?:access_token|refresh_token|client_secret)\"?[=:] ?\"?([^&\s\"]+)")


class SecretScan(logging.Handler):
    """Hears what our loggers say at any level and others from WARNING on, as it would be written; knows the worlds."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(TextLines(redacted))  # by shape alone: nothing may depend on values being known
        self.worlds: list[World] = []
        self.known: set[str] = set()
        self.written: dict[str, bytearray] = {}
        self.files: set[Path] = set()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.partition(".")[0] in OURS or record.levelno >= logging.WARNING:
            self.lines.append(self.format(record))

    def know(self, environment: Mapping[str, str]) -> None:
        """Take what a bot is told in its settings for secrets."""
        names = (name for name in environment if SECRETS.fullmatch(name) and not name.endswith("_FILE"))
        self.known |= {environment[name] for name in names}

    def leaks(self) -> list[str]:
        """Return where a secret was found, and in what."""
        exchanges = [exchange for world in self.worlds for exchange in world.exchanges]
        secrets = self.known.union(*map(_secrets_in, exchanges))
        found = re.compile("|".join(re.escape(one) for one in secrets if len(one) >= _SHORTEST) or r"(?!)")
        return [f"{where}: {text[:500]}" for where, text in self._texts() if found.search(text)]

    def _texts(self) -> Iterator[tuple[str, str]]:
        yield from (("log", line) for line in self.lines)
        yield from ((where, text.decode(errors="replace")) for where, text in self.written.items())
        yield from ((file.name, file.read_text(errors="replace")) for file in self.files if file.is_file())
        for world in self.worlds:
            for exchange in world.exchanges:
                if exchange.path != "/token" and isinstance(exchange.body, dict | list):
                    text = json.dumps(exchange.body, ensure_ascii=False)
                    yield f"{world.name} {exchange.method} {exchange.path}", text


def _secrets_in(exchange: Exchange) -> Iterable[str]:
    yield exchange.headers.get("Authorization", "").rpartition(" ")[2]
    yield exchange.headers.get("Cookie", "")
    yield from (exchange.query[name] for name in ("hm", "signature", "upload_id") if name in exchange.query)
    answer = exchange.answer if isinstance(exchange.answer, dict | list) else None
    for found in _GIVEN_OUT.finditer(f"{exchange.path} {json.dumps(answer)}"):
        yield found[1] or found[2]
    if exchange.path == "/token" and isinstance(exchange.body, bytes):
        yield from _TOKENS.findall(f"{exchange.body.decode()}&{json.dumps(answer)}")


@pytest.fixture(autouse=True)
def secret_scan(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[SecretScan]:
    """Fails a test that lets a secret be read."""
    scan = SecretScan()
    start_world, start_process = World.start, asyncio.create_subprocess_exec

    async def start(world: World, port: int = 0) -> None:
        if world not in scan.worlds:
            scan.worlds.append(world)
        await start_world(world, port)

    async def run(*command: Any, **how: Any) -> asyncio.subprocess.Process:
        process = await start_process(*command, **how)
        if command[0] != sys.executable:  # a browser is told what it shows
            return process
        scan.know(how.get("env") or {})
        for name in ("stdout", "stderr"):
            if reader := getattr(process, name):
                _overhear(reader, scan.written.setdefault(f"{name} of process {process.pid}", bytearray()))
            elif file := getattr(how.get(name), "name", None):
                scan.files.add(Path(file))
        return process

    monkeypatch.setattr(World, "start", start)
    monkeypatch.setattr(asyncio, "create_subprocess_exec", run)
    levels = {logger: logger.level for logger in map(logging.getLogger, OURS)}
    for logger in levels:
        logger.setLevel(logging.DEBUG)
    logging.getLogger().addHandler(scan)
    yield scan
    logging.getLogger().removeHandler(scan)
    for logger, level in levels.items():
        logger.setLevel(level)
    scan.know(os.environ)
    leaks, is_planted = scan.leaks(), request.node.get_closest_marker("leak") is not None
    assert bool(leaks) == is_planted, (
        "A secret can be read:\n" + "\n".join(leaks) if leaks else "The leak was not found."
    )


def _overhear(reader: asyncio.StreamReader, heard: bytearray) -> None:
    """Keep a copy of what a process writes into a pipe."""
    feed = reader.feed_data

    def feed_both(data: Any) -> None:
        heard.extend(data)
        feed(data)

    reader.feed_data = feed_both  # type: ignore[method-assign]  # the reader has no other ear
