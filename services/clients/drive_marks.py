"""PURE: the app properties by which the bot finds again what it made in Google Drive; only this app sees them."""

import hashlib

_MAX_BYTES = 124
"""Of a property's key and value together, in UTF-8.
https://developers.google.com/workspace/drive/api/guides/properties"""

ROOT = {"auditscribe": "root"}
"""The mark of the folder that the bot makes for itself."""


def marks(owner: str, role: str) -> dict[str, str]:
    """Return the mark of an owner's file; an owner that is too long is hashed, since a cut one might be another's."""
    fits = len(f"owner{owner}".encode()) <= _MAX_BYTES
    return {"owner": owner if fits else hashlib.sha256(owner.encode()).hexdigest(), "role": role}


def search_for(mark: dict[str, str]) -> str:
    """Return what `files.list` takes as `q` to find what carries all of a mark, and is not in the trash."""
    terms = [f"appProperties has {{ key='{key}' and value='{_quoted(text)}' }}" for key, text in mark.items()]
    return " and ".join([*terms, "trashed = false"])


def _quoted(text: str) -> str:
    return text.replace("\\", r"\\").replace("'", r"\'")
