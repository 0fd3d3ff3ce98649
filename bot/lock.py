"""One bot to a data folder."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.start import StartError


@contextmanager
def only_bot_in(data_dir: Path) -> Iterator[None]:
    """Hold the folder while the block runs; the system lets go of it when the process ends, however it ends.

    Raises:
        StartError: another process holds it, or it cannot be made.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = (data_dir / "bot.lock").open("w")
    except OSError as error:
        raise StartError(f"DATA_DIR is wrong: {data_dir} cannot be written ({error.strerror}).") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StartError(f"Another bot is running on DATA_DIR={data_dir}: stop it first.") from None
        yield
