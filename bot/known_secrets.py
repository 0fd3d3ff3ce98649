"""The secrets that a start knows by their value: those of the settings, and of the files that they name."""

import json
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from pydantic import SecretStr

from config.settings import Settings
from services.redaction import Redaction

_GOOGLES = ("token", "refresh_token", "client_secret", "private_key_id", "private_key")
_COOKIE_FIELDS = 7
"""Of a line in a cookies file; the last one is the value."""
_COOKIE = 12
"""Characters of a value that tells of a login; shorter ones are settings such as a language."""


def redaction_of(settings: Settings) -> Redaction:
    """Return what takes all of them out of a text. A file that cannot be read has none: others say so."""
    return Redaction(_values(settings))


def _values(settings: Settings) -> Iterator[str]:
    yield from (value.get_secret_value() for _, value in settings if isinstance(value, SecretStr))
    if settings.postgres_url and (password := sa.make_url(settings.postgres_url).password):
        yield password
    for file in (settings.google_token_file, settings.google_service_account_file):
        try:
            kept = json.loads(_text(file))
        except ValueError:
            continue
        yield from (str(kept[name]) for name in _GOOGLES if isinstance(kept, dict) and kept.get(name))
    lines = (line.split("\t") for line in _text(settings.ytdlp_cookies_file).splitlines())
    yield from (fields[-1] for fields in lines if len(fields) == _COOKIE_FIELDS and len(fields[-1]) >= _COOKIE)


def _text(file: Path | None) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace") if file else ""
    except OSError:
        return ""
