"""`make bench`: measures, prints tables, and keeps the figures: bench/results.json, the raw ones in bench/raw/."""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console

from bench import asr, lag, latency, line, memory, pipeline, queries, status, traffic, twenty_jobs, workers
from bench.tables import Outcome

BENCHMARKS: dict[str, Callable[..., Coroutine[Any, Any, Outcome]]] = {
    "status": status.measure,
    "twenty-jobs": twenty_jobs.measure,
    "pipeline": pipeline.measure,
    "latency": latency.measure,
    "lag": lag.measure,
    "memory": memory.measure,
    "line": line.measure,
    "traffic": traffic.measure,
    "queries": queries.measure,
    "workers": workers.measure,
    "asr": asr.measure,
}
NOT_QUICK = {"twenty-jobs", "queries", "workers", "traffic"}
"""What the quick form leaves out, unless it is named: three take minutes each, the last counts and times nothing."""
FOLDER = Path(__file__).parent
RESULTS = FOLDER / "results.json"


def main() -> int:
    options = _options()
    console = Console(width=None if sys.stdout.isatty() else 160)
    logging.getLogger("aiohttp.server").setLevel("CRITICAL")  # a bot that is stopped does not finish its requests
    faults: list[str] = []
    for name in options.names or [name for name in BENCHMARKS if not (options.quick and name in NOT_QUICK)]:
        begun = time.monotonic()
        outcome = asyncio.run(BENCHMARKS[name](quick=options.quick))
        for table in outcome.tables:
            console.print(table)
        console.print(f"{name}: measured in {time.monotonic() - begun:.0f} s")
        _keep(name, outcome)
        faults += outcome.faults
    for fault in faults:
        console.print(fault, style="red")
    return 1 if faults else 0


def _keep(name: str, outcome: Outcome) -> None:
    """Write a benchmark's figures; what others found out stays."""
    raw = FOLDER / "raw" / f"{name}.json"
    raw.parent.mkdir(exist_ok=True)
    raw.write_text(json.dumps(outcome.raw))
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    rounded = {key: round(figure, 3) for key, figure in outcome.results.items()}
    RESULTS.write_text(json.dumps(known | rounded, indent=2, sort_keys=True) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}: all, if none is named")
    parser.add_argument("--quick", action="store_true", help="fewer runs: noisier figures; no ten hours")
    options = parser.parse_args()
    if unknown := set(options.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
