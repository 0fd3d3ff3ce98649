"""A full disk, in our words: somebody must free some space, and then the work goes on."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from services.errors import OperatorError

PROVIDER = "Disk"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def named_full_disk() -> Iterator[None]:
    """Turn the operating system's error for a full disk, or a used-up quota, into an OperatorError."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise full_disk() from error
        raise


def full_disk() -> OperatorError:
    return OperatorError("The bot's disk is full: somebody must free some space there.", provider=PROVIDER)


def too_little_room(needed: int, free: int) -> OperatorError:
    """Return the error for a video that would not fit; both are bytes."""
    room = f"{_gb(needed)} GB are needed, {_gb(free)} GB are free"
    return OperatorError(f"The bot's disk has too little room for this video: {room}.", provider=PROVIDER)


def _gb(size: int) -> str:
    return f"{size / 10**9:.1f}"
