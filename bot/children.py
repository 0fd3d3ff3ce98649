"""The memory of everything that the bot has started, as Linux tells it; elsewhere nothing is known."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def children_memory() -> dict[str, int]:
    """Return resident bytes by program (`recogniser`, `ytdlp_child`, `ffmpeg`), those of its copies summed.

    Reads a small file for each process of the machine: not for the event loop.
    """
    by_parent: dict[int, list[int]] = defaultdict(list)
    for pid in (int(entry.name) for entry in _PROC.glob("[0-9]*")):
        with suppress(OSError):  # it has ended meanwhile
            by_parent[_parent(pid)].append(pid)
    memory: Counter[str] = Counter()
    for pid in _descendants(os.getpid(), by_parent):
        with suppress(OSError):
            memory[_program(pid)] += _resident(pid)
    return dict(memory)


def _descendants(pid: int, by_parent: dict[int, list[int]]) -> Iterator[int]:
    for child in by_parent[pid]:
        yield child
        yield from _descendants(child, by_parent)


def _parent(pid: int) -> int:
    """Return a process's parent: the second field after the name, which may hold spaces and brackets (proc(5))."""
    return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])


def _resident(pid: int) -> int:
    return int((_PROC / str(pid) / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _program(pid: int) -> str:
    """Return a program's name; of one of ours that of its package or script, the last word (services/clients/leash)."""
    words = (_PROC / str(pid) / "cmdline").read_text(errors="replace").rstrip("\0").split("\0")
    if any(word.endswith("leash.py") for word in words):
        return words[-1].removesuffix(".py").rpartition("/")[2].rpartition(".")[2]
    return Path(words[0]).name.partition("-")[0] or "unknown"
