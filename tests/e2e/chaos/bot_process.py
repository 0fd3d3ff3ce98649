"""The real bot as a process of its own: started, killed without a word, started again on the same disk."""

import asyncio
import os
import secrets
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from pathlib import Path

import sandbox
from sandbox.worlds import Worlds

PROJECT = Path(sandbox.__file__).parents[1]
MARK = "CHAOS_BOT"
"""The environment variable by which the bot's children are found, whoever their parent is by now."""
ORPHANS_DIE_WITHIN_S = 2.0


class BotDiedError(Exception):
    """The bot ended by itself; the text is what it wrote last."""


class BotProcess:
    """`python -m bot`, connected to the worlds. Its log goes to a file of its `name` in the worlds' folder.

    Another `module` may run the bot with something of its own beside it; `command` is one of the bot's, such as worker.
    """

    def __init__(
        self,
        worlds: Worlds,
        settings: Mapping[str, str] | None = None,
        module: str = "bot",
        *,
        command: str = "",
        name: str = "bot",
    ) -> None:
        self.name = name
        self.log = worlds.folder / f"{name}.log"
        self.orphans: list[str] = []
        """Command lines of children that outlived a killed bot."""
        self._folder = worlds.folder
        self._mark = secrets.token_hex(8)
        path = os.pathsep.join([str(PROJECT), worlds.environment()["PYTHONPATH"]])
        home = {"PATH": os.environ["PATH"], "HOME": str(worlds.folder), MARK: self._mark}
        self._env = home | worlds.settings() | worlds.environment() | {"PYTHONPATH": path} | dict(settings or {})
        self._arguments = ["-m", module, *filter(None, [command])]
        self._process: Process | None = None

    async def start(self) -> None:
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, *self._arguments, cwd=self._folder, env=self._env, stderr=log
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def death(self) -> None:
        """Wait until the bot was killed.

        Raises:
            BotDiedError: it ended, and nobody had killed it.
        """
        assert self._process is not None
        status = await self._process.wait()
        if status != -signal.SIGKILL:
            raise BotDiedError(f"The bot ended with status {status}: {self.log.read_text()[-2000:]}")

    async def kill(self) -> None:
        """SIGKILL for the bot, and for it alone; its children must follow by themselves."""
        if self._process is not None and self.runs:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM; return the exit status."""
        assert self._process is not None
        self._process.terminate()
        return await self._process.wait()

    def children(self) -> dict[int, str]:
        """Return the command lines of everything that the bot has started, by process id."""
        return {pid: command for pid in _processes() if (command := self._command(pid))}

    async def bury(self) -> None:
        """Wait until the killed bot's children are gone; note and end those that would not go."""
        for _ in range(int(ORPHANS_DIE_WITHIN_S / 0.05)):
            if not self.children():
                return
            await asyncio.sleep(0.05)
        for pid, command in self.children().items():
            self.orphans.append(command)
            os.kill(pid, signal.SIGKILL)

    def _command(self, pid: int) -> str | None:
        if self._process is not None and self.runs and pid == self._process.pid:
            return None
        try:
            if f"{MARK}={self._mark}".encode() not in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                return None
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # gone meanwhile
            return None


def _processes() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
