"""Logging: one line an event, to stderr and, where there is a LOG_FILE, to that as well; no secret in any."""

import logging
import sys
from pathlib import Path
from types import TracebackType

from bot.log_file import LogFile
from bot.log_lines import JsonLines, TextLines
from services.redaction import Redaction, redacted

log = logging.getLogger(__name__)


def configure(level: str, form: str = "text", file: Path | None = None, redaction: Redaction = redacted) -> None:
    """Log at `level`, our libraries from WARNING on, and what ends the process; `form` is `text` or `json`."""
    handlers: list[logging.Handler] = [logging.StreamHandler(), *([LogFile(file)] if file else [])]
    for handler in handlers:
        handler.setFormatter(JsonLines(redaction) if form == "json" else TextLines(redaction))
    logging.basicConfig(level="WARNING", handlers=handlers, force=True)
    for ours in ("bot", "cogs", "services", "config"):
        logging.getLogger(ours).setLevel(level)
    sys.excepthook = _log_the_end


def _log_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    log.critical("The bot ended unexpectedly", exc_info=(kind, error, trace))
