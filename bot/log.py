"""Logging: one line an event, to stderr."""

import logging


def configure(level: str) -> None:
    """Log at `level`, our libraries from WARNING on."""
    logging.basicConfig(level="WARNING", format="%(asctime)s %(levelname)s %(message)s", force=True)
    for ours in ("bot", "cogs", "services", "config"):
        logging.getLogger(ours).setLevel(level)
