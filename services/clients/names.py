"""File names that Windows, macOS, Linux and Google Drive all can keep."""

import re
import unicodedata

_MAX_BYTES = 255
"""Of a name in UTF-8: what ext4, APFS and NTFS all take."""

_FALLBACK = "untitled"
_LOOKALIKES = str.maketrans('/\\|:"', "----'", "*?<>")
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Controls, half characters, and marks that turn the direction of writing (they disguise an extension)."""

_RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])\s*(\.|$)", re.IGNORECASE)
"""Devices of Windows, with any extension.
https://learn.microsoft.com/windows/win32/fileio/naming-a-file"""

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def portable_name(text: str, *, limit: int = _MAX_BYTES) -> str:
    """Return `text` as a file name of at most `limit` bytes (16 or more), cut before its extension; never empty."""
    spaced = re.sub(r"\s", " ", unicodedata.normalize("NFC", text))
    name = unicodedata.normalize("NFC", _UNPRINTABLE.sub("", spaced).translate(_LOOKALIKES))
    name = re.sub(" +", " ", name).lstrip(" .-").rstrip(" .") or _FALLBACK
    if _RESERVED.match(name):
        name = f"_{name}"
    extension = found.group() if (found := _EXTENSION.search(name)) else ""
    stem = name.removesuffix(extension).encode()[: limit - len(extension)].decode(errors="ignore")
    return stem.rstrip(" .") + extension
