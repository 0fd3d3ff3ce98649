"""How much memory there is for this process: the machine's, or what its container is given."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes: what there can be at most, and what is free at the moment."""

    most: int
    free: int


def find_memory(root: Path = Path("/")) -> Memory | None:
    """Return the memory as Linux tells it below `root`; None on other systems."""
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kilobytes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    total, available = kilobytes["MemTotal"] * 1024, kilobytes["MemAvailable"] * 1024
    most = min([total, *_limits(root)])
    return Memory(most, min(most, available))


def _limits(root: Path) -> Iterator[int]:
    """Yield the limits of this process's control groups and of those around them, of either version of cgroups.

    https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/memory.html
    """
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controllers == "":
                yield from _along(root / "sys/fs/cgroup", path, "memory.max")
            elif "memory" in controllers.split(","):
                yield from _along(root / "sys/fs/cgroup/memory", path, "memory.limit_in_bytes")


def _along(mount: Path, path: str, name: str) -> Iterator[int]:
    """Yield the numbers in the files of that name, from the group up to the mount; a container sees the mount alone."""
    group = mount / path.lstrip("/")
    for folder in (group, *group.parents):
        with suppress(OSError, ValueError):  # not there, or "max"
            yield int((folder / name).read_text())
