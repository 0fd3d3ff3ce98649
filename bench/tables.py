"""What a benchmark gives back, and how its figures are put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one benchmark found out."""

    tables: Sequence[Table]
    results: Mapping[str, float]
    """For bench/results.json: numbers by names that no other benchmark uses."""
    raw: Any
    """Every single figure, as JSON."""
    faults: Sequence[str] = ()
    """What must not be, a sentence each: `make bench` fails with them."""


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Table:
    """Return a table to be printed; what stands in the first column is a name, the rest are numbers."""
    made = Table(title=title, title_justify="left", min_width=len(title))
    for number, column in enumerate(columns):
        made.add_column(column, justify="right" if number else "left")
    for row in rows:
        made.add_row(*(f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in row))
    return made


def p99(figures: Sequence[float]) -> float:
    """Return the 99th percentile; of fewer than a hundred figures that is the largest one, or near it."""
    return quantiles(figures, n=100, method="inclusive")[98]


def median_of(runs: Sequence[Sequence[float]]) -> float:
    """Return the median of several runs' medians."""
    return median(median(run) for run in runs)


def p99_of(runs: Sequence[Sequence[float]]) -> float:
    """Return the median of several runs' 99th percentiles: one bad moment of the machine spoils one run alone."""
    return median(p99(run) for run in runs)
