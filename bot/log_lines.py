"""PURE: an event as one line without a secret, whatever strangers wrote into it."""

import json
import logging
import re
from datetime import datetime, timezone

from services.jobs.job import JOB_ID
from services.redaction import Redaction, redacted

_ABOUT = re.compile(f"({JOB_ID}): ")
"""How a message about a job begins."""
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What would begin another line, colour a terminal, turn the direction of writing, or cannot be written."""


class TextLines(logging.Formatter):
    """`2026-11-23 12:00:00,000 INFO <job's id>: …`; line breaks and other controls are shown as in Python: `\\n`."""

    def __init__(self, redaction: Redaction = redacted) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], self._redaction(super().format(record)))


class JsonLines(logging.Formatter):
    """An object with `time` (RFC 3339), `level`, `logger`, `message`; `job`, its id; `error`, the traceback."""

    def __init__(self, redaction: Redaction = redacted) -> None:
        super().__init__()
        self._redaction = redaction

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        about = _ABOUT.match(message)
        event = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "job": about and about[1],
            "message": message,
            "error": self.formatException(record.exc_info) if record.exc_info else None,
        }
        return json.dumps({key: self._redaction(value) for key, value in event.items() if value is not None})
