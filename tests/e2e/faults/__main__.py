"""`make faults`: every fault and its expected end, as a table."""

import sys

from tests.e2e.faults.table import TABLE

COLUMNS = ("row", "fault", "ends as", "meanwhile on the card", "the operator is told", "page and card say", "within")


def main() -> None:
    group = ""
    for name, row in TABLE.items():
        if row.group != group:
            group = row.group
            _write(f"\n## {group}\n\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}\n")
        cells = (name, row.fault, row.ends, row.meanwhile, row.alert, row.says, f"{row.within_s:g} s")
        _write(f"| {' | '.join(cells)} |\n")


def _write(text: str) -> None:
    sys.stdout.write(text)


main()
