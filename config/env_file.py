"""The .env file, written: it is only ever whole, and its owner's alone."""

import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values, set_key, unset_key

from config.settings import SettingsError

_NEEDS_NO_QUOTES = re.compile(r"[\w./:@?=&%,+~-]*")
"""Values that are written bare: `docker run --env-file` takes quotes for a part of the value."""


class EnvFile:
    """Answers that are to become a .env file. Until `finish` they lie in a draft beside it, which outlives the process.

    `template` is what a new file begins with, where that exists.
    """

    def __init__(self, path: Path, template: Path) -> None:
        self.path = path.resolve()  # a link stays one
        self.draft = self.path.with_name(f"{path.name}.setup")
        self._template = template

    def find(self, name: str) -> str | None:
        """Return the answer of a draft, else what the bot would read: the environment's value, else the file's."""
        draft = self._answers()
        return draft[name] if name in draft else os.environ.get(name) or _values(self.path).get(name)

    def keep(self, name: str, value: str) -> None:
        """Take an answer into the draft; an empty one leaves the setting out.

        Raises:
            SettingsError: nothing can be written there.
        """
        with _named_errors(self.draft):
            self.draft.touch(mode=0o600)  # dotenv keeps the mode when it rewrites a file
            _set(self.draft, name, value)

    def finish(self) -> list[str]:
        """Make the answers part of the file in one step, with mode 0600; the rest of it stays as it is.

        Returns:
            The names of those that the bot will not read, since its environment has another value.

        Raises:
            SettingsError: nothing can be written there.
        """
        answers = self._answers()
        with _named_errors(self.path):
            self._replace(answers)
            self.draft.unlink(missing_ok=True)
        return [name for name, value in answers.items() if os.environ.get(name, value) != value]

    def _replace(self, answers: Mapping[str, str]) -> None:
        source = self.path if self.path.exists() else self._template
        with tempfile.NamedTemporaryFile(prefix=f"{self.path.name}.", dir=self.path.parent, delete=False) as file:
            file.write(source.read_bytes() if source.exists() else b"")
        new = Path(file.name)
        try:
            for key, value in answers.items():
                if value:
                    _set(new, key, value)
                elif key in dotenv_values(new):
                    unset_key(new, key)
            new.replace(self.path)
        finally:
            new.unlink(missing_ok=True)

    def _answers(self) -> Mapping[str, str]:
        return _values(self.draft)


def _values(file: Path) -> dict[str, str]:
    """Return what stands in a file, nothing where there is none."""
    return {name: value for name, value in dotenv_values(file).items() if value is not None}


def _set(file: Path, name: str, value: str) -> None:
    set_key(file, name, value, quote_mode="never" if _NEEDS_NO_QUOTES.fullmatch(value) else "always")


@contextmanager
def _named_errors(file: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}.") from None
