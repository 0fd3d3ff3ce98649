"""The memory of the bot's processes, as the kernel counts it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.chaos.bot_process import BotProcess

_LOOK_EVERY_S = 0.5
_KIB = re.compile(r"^(Rss|Pss): +(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Memory:
    """Megabytes (10^6 bytes)."""

    rss: float = 0.0
    """Pages that several processes share (libraries) count in each of them: of a sum, this is the upper bound."""
    pss: float = 0.0
    """The same, each shared page divided by those who share it."""

    def __add__(self, other: "Memory") -> "Memory":
        return Memory(self.rss + other.rss, self.pss + other.pss)


@dataclass(slots=True)
class Peak:
    """The most that was seen at once."""

    memory: Memory
    child: Memory
    """Of the largest child, by itself."""

    def rise(self, bot: Memory, children: list[Memory]) -> None:
        total = sum(children, bot)
        self.memory = Memory(max(self.memory.rss, total.rss), max(self.memory.pss, total.pss))
        self.child = max([self.child, *children], key=lambda memory: memory.rss)


def memory_of(pid: int) -> Memory:
    """Return what a process holds; nothing of one that is gone."""
    with suppress(OSError):
        return read_rollup(Path(f"/proc/{pid}/smaps_rollup").read_text())
    return Memory()


def read_rollup(text: str) -> Memory:
    """Return what the kernel's summary of a process's pages says."""
    kib = {name: int(figure) for name, figure in _KIB.findall(text)}
    return Memory(kib.get("Rss", 0) * 1024 / 1e6, kib.get("Pss", 0) * 1024 / 1e6)


@asynccontextmanager
async def watched(bot: BotProcess) -> AsyncIterator[Peak]:
    """Yield the peak of the bot and all its children together, which rises meanwhile; looked at twice a second."""
    peak = Peak(Memory(), Memory())
    watching = asyncio.create_task(_watch(bot, peak))
    try:
        yield peak
    finally:
        watching.cancel()


async def _watch(bot: BotProcess, peak: Peak) -> None:
    while True:
        children = [memory_of(pid) for pid in await asyncio.to_thread(bot.children)]
        peak.rise(memory_of(bot.pid), children)
        await asyncio.sleep(_LOOK_EVERY_S)
