"""Logging: one line an event, to stderr; no secret in any, nor in a traceback."""

import logging
import re
import sys
from types import TracebackType
from typing import Any

from services.redaction import Redaction, redacted

log = logging.getLogger(__name__)

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would begin another line, colour a terminal, turn the direction of writing, or cannot be written."""


class OneLine(logging.Formatter):
    """An event is one line, whatever a video is called; a traceback follows in lines of its own."""

    def __init__(self, redaction: Redaction) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return self._redaction(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the library's name)
        return _CONTROLS.sub(_spelled, super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (as above)
        return "\n".join(_CONTROLS.sub(_spelled, line) for line in super().formatException(ei).split("\n"))


def configure(level: str, redaction: Redaction = redacted) -> None:
    """Log at `level`, our libraries from WARNING on; what ends the process is logged like anything else."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine(redaction))
    logging.basicConfig(level="WARNING", handlers=[handler], force=True)
    for ours in ("bot", "cogs", "services", "config"):
        logging.getLogger(ours).setLevel(level)
    sys.excepthook = _log_the_end


def _log_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("The bot ended unexpectedly", exc_info=(kind, error, trace))


def _spelled(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()
