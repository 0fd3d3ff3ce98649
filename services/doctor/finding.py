"""PURE: what a check found, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from services.errors import AuditscribeError, TransientError

_LATER = "Try again in a few minutes."


class Level(StrEnum):
    """How it stands; the value is its sign in a terminal."""

    OK = "✓"
    WARNING = "!"
    RED = "✗"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a diagnosis: what was looked at, one plain sentence about it, and what to do where that is needed."""

    level: Level
    subject: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the line for a terminal, the remedy indented below it."""
        line = f"{self.level} {self.subject}: {self.text}"
        return f"{line}\n    {self.remedy}" if self.remedy else line


def failed(subject: str, error: AuditscribeError, remedy: str) -> Finding:
    """Return what is told of a check that could not be made, or of what it came upon."""
    return Finding(Level.RED, subject, str(error), _LATER if isinstance(error, TransientError) else remedy)


def any_red(findings: Iterable[Finding]) -> bool:
    return any(finding.level is Level.RED for finding in findings)


def gigabytes(size: int) -> str:
    """Return a number of bytes as people say it."""
    return f"{size / 10**9:.1f} GB"
