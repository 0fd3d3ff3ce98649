"""PURE: words from outside (titles, names, messages), fit to be kept, and cut."""

import re

_UNREADABLE = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Controls but for white space, and marks that turn the direction of writing: they disguise what they stand in."""
_ODD_SPACE = re.compile("[\x0b\x0c\x1c-\x1f]")
"""White space that no reader of today shows."""


def readable(text: str) -> str:
    """Return a text without controls and turns of direction; half a character, which none can keep, becomes U+FFFD."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return _ODD_SPACE.sub(" ", _UNREADABLE.sub("", whole))


def utf16_units(text: str) -> int:
    """Return a text's length as Notion counts it, and never less than Discord does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_cut(text: str, units: int) -> str:
    """Return as much of the start as fits into `units` UTF-16 units, never half a character."""
    return text.encode("utf-16-le", "surrogatepass")[: units * 2].decode("utf-16-le", "ignore")
