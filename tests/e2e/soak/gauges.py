"""What is measured of the bot while it soaks: the lag of its event loop, and its memory."""

import json
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from statistics import median

LAG_P99_MS = 50.0
GROWTH = 1.10
"""The bot may hold this much more in the last quarter than in the second."""
BOUNDS_MS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 1000, 2000, 5000)
"""Upper bounds of the histogram's buckets; one more takes what is above."""


@dataclass(slots=True)
class Lags:
    """A histogram: so much later than asked for came the event loop back."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_MS) + 1))

    def note(self, lag_s: float) -> None:
        self.counts[bisect_left(BOUNDS_MS, lag_s * 1000)] += 1

    def percentile(self, share: float) -> float:
        """Return the upper bound, in milliseconds, of the bucket that this share of all lags does not exceed."""
        wanted = share * sum(self.counts)
        reached = next(number for number, below in enumerate(accumulate(self.counts)) if below >= wanted)
        return [*map(float, BOUNDS_MS), float("inf")][reached]

    def save(self, path: Path) -> None:
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(self.counts))
        unfinished.replace(path)

    @classmethod
    def of(cls, paths: Iterable[Path]) -> "Lags":
        """Return what several lives of the bot have saved, together."""
        saved = [json.loads(path.read_text()) for path in paths]
        return cls([sum(bucket) for bucket in zip(*saved, strict=True)]) if saved else cls()

    def wrong(self) -> Iterator[str]:
        if not sum(self.counts):
            yield "the event loop's lag was not measured"
        elif self.percentile(0.99) > LAG_P99_MS:
            yield f"the event loop's lag has a p99 of {self.percentile(0.99):.0f} ms, more than {LAG_P99_MS:.0f} ms"

    def table(self) -> str:
        """Return the buckets that are not empty, a line each."""
        names = [*(f"<= {bound} ms" for bound in BOUNDS_MS), f"> {BOUNDS_MS[-1]} ms"]
        return "\n".join(f"{count:8} x {name}" for name, count in zip(names, self.counts, strict=True) if count)


def rss_mb(pid: int) -> float | None:
    """Return what a process holds in memory, in 10^6 bytes; None if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    sizes = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(sizes[0]) * 1024 / 1e6 if sizes else None


def quarters(samples: Sequence[tuple[float, float]]) -> list[float]:
    """Return the median of each quarter of the time; `samples` are moments with megabytes."""
    begun, ended = samples[0][0], samples[-1][0]
    found: list[list[float]] = [[], [], [], []]
    for at, size in samples:
        found[min(int(4 * (at - begun) / (ended - begun or 1)), 3)].append(size)
    return [median(quarter) if quarter else 0.0 for quarter in found]


def grown(samples: Sequence[tuple[float, float]]) -> Iterator[str]:
    """Yield what is wrong with the bot's memory: what it holds must not grow with what it has done."""
    _, second, _, last = quarters(samples)
    if last > second * GROWTH:
        yield f"the bot's memory grew from {second:.0f} MB in the second quarter to {last:.0f} MB in the last"
