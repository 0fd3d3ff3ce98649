"""Child processes of ours that speak JSON lines: started in their own session, heard, and ended with all they started.

The other side of the wire is a program that reads its messages from stdin and writes its events to a duplicate of fd 1,
made before any work is done; fd 1 itself becomes stderr, so that no library's print can break the protocol:

    events = os.fdopen(os.dup(1), "w", buffering=1)  # one event a line
    os.dup2(2, 1)
"""

import asyncio
import json
import logging
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from services.errors import TransientError

log = logging.getLogger(__name__)

Message = dict[str, Any]

STDOUT, STDERR = 1, 2
STDERR_TAIL = 4096
"""Bytes kept of what the child writes to stderr."""

SECRETS = re.compile(
    "DISCORD_TOKEN|NOTION_TOKEN|WEBHOOK_SECRET|DASHBOARD_TOKEN|DATABASE_URL|GOOGLE_.*",
    re.IGNORECASE,  # as settings are read
)
"""What no child is told: it handles strangers' files."""

_LEASH = Path(__file__).with_name("leash.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a stranger's file may cost at most, in bytes."""

    memory: int | None = None
    """Written to by one process, whatever it has reserved: V8 reserves much more than it uses."""
    file: int | None = None
    """Of each file that is written."""

    @property
    def words(self) -> list[str]:
        """As the leash takes them, by the kernel's names."""
        return [f"{name}={size}" for name, size in (("DATA", self.memory), ("FSIZE", self.file)) if size is not None]


class Child(asyncio.SubprocessProtocol):
    """A program started by `start`."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Message | None] = asyncio.Queue()
        self._unfinished_line = b""
        self._stderr = b""
        self._exited = asyncio.Event()

    def send(self, message: Message) -> None:
        """Write one message; a child that is gone does not hear it, and its `events` end."""
        stdin = cast("asyncio.WriteTransport", self._transport.get_pipe_transport(0))
        stdin.write(json.dumps(message).encode() + b"\n")

    async def events(self) -> AsyncIterator[Message]:
        """Yield what the child tells, in order, until it has ended."""
        while (event := await self._events.get()) is not None:
            yield event
        await self._exited.wait()

    @property
    def exit_status(self) -> int | None:
        """None while it runs; negative: the signal that killed it."""
        return self._transport.get_returncode()

    @property
    def last_words(self) -> str:
        """The end of what it, and what it started, has written to stderr by now."""
        return self._stderr.decode(errors="replace")

    @property
    def ending(self) -> str:
        """How the child ended, in words, once `events` have: the signal, or its exit status and last line on stderr."""
        status = self.exit_status or 0
        if status < 0:
            return f"killed by {signal.Signals(-status).name}"
        last_line = self.last_words.strip().rpartition("\n")[2]
        return f"exit status {status}: {last_line[:200]}" if last_line else f"exit status {status}"

    def unexpected_end(self, who: str) -> TransientError:
        """Return what people are told of a child that ended without an answer; the log has how it ended."""
        log.warning("%s ended unexpectedly: %s", who, self.ending)
        return TransientError(f"{who} ended unexpectedly: if it happens again, the operator must look into the log.")

    def kill(self) -> None:
        """Kill the child and all that it started, at once."""
        if not self._transport.is_closing():  # else its number may be another process's by now
            with suppress(ProcessLookupError):
                os.killpg(self._transport.get_pid(), signal.SIGKILL)

    async def aclose(self) -> None:
        """Kill it, and return when it is gone."""
        self.kill()
        try:
            await self._exited.wait()
        finally:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.SubprocessTransport", transport)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == STDERR:
            self._stderr = (self._stderr + data)[-STDERR_TAIL:]
            return
        *lines, self._unfinished_line = (self._unfinished_line + data).split(b"\n")
        for line in lines:
            self._events.put_nowait(json.loads(line))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        if fd == STDOUT:
            self._events.put_nowait(None)

    def process_exited(self) -> None:
        self._exited.set()


async def start(
    program: Path | str, *, cwd: Path | None = None, env: Mapping[str, str] | None = None, limits: Limits | None = None
) -> Child:
    """Run a script, or a package of ours by its name, with this Python.

    It has its own session: signals sent to the bot's group do not reach it.

    It does not outlive the bot, not even one that is killed. `env` None: as ours; `SECRETS` are left out of either.
    On Linux, `limits` are kept by it and by each process that it starts.
    The caller closes it: `async with aclosing(await start(...)) as child`.
    """
    given = os.environ if env is None else env
    command = [sys.executable, "-P", str(_LEASH), str(os.getpid()), str(program), *(limits or Limits()).words]
    _, child = await asyncio.get_running_loop().subprocess_exec(
        Child,
        *command,
        cwd=cwd,
        env={name: value for name, value in given.items() if not SECRETS.fullmatch(name)},
        start_new_session=True,
    )
    return child
