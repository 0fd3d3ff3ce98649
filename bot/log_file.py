"""The log's file: it is turned over when it is large, and never in the way of the work."""

import logging
import sys
from contextlib import suppress
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

log = logging.getLogger(__name__)

_LARGEST = 10 * 2**20
"""Bytes of one file."""
_OLDER = 5
"""Files that are kept beside it: `bot.log.1` and so on."""


class LogFile(RotatingFileHandler):
    """A file that cannot be written is said once; the log goes on without it, and with it again once it can be."""

    def __init__(self, file: Path, largest: int = _LARGEST) -> None:
        super().__init__(file, maxBytes=largest, backupCount=_OLDER, encoding="utf-8", delay=True)
        self._is_lost = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the name is logging's)
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._drop()
        if not self._is_lost:
            self._is_lost = True
            log.warning("log: LOG_FILE %s cannot be written (%s): it goes on at stderr", self.baseFilename, error)

    def _drop(self) -> None:
        """Open it anew for the next event: what cannot be written must not pile up."""
        stream, self.stream = self.stream, None
        if stream:
            with suppress(OSError):
                stream.close()

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()
