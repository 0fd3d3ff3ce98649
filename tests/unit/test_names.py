"""Any title makes a file name that any platform can keep."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.clients.names import portable_name

ANY_TEXT = st.text(st.characters(), max_size=400)  # halves of surrogate pairs included


@given(ANY_TEXT, st.integers(16, 255))
@example("nul.txt", 255)
@example("a" * 249 + ". .mp4", 255)
@example("e?\u0301", 255)
@example("COM1" + "\u0301" * 200, 16)
@example("con" + " " * 300 + "x", 16)
def test_any_text_becomes_a_name_that_any_platform_can_keep(text: str, limit: int) -> None:
    name = portable_name(text, limit=limit)

    assert 0 < len(name.encode()) <= limit
    assert not set(name) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} for char in name)
    assert name[0] not in " .-"
    assert name[-1] not in " ."
    assert name == unicodedata.normalize("NFC", name)
    assert name.split(".")[0].strip().upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9", "COM¹"}


@given(ANY_TEXT, st.integers(16, 255))
@example("0\r\x1b 0", 16)
def test_a_portable_name_stays_as_it_is(text: str, limit: int) -> None:
    name = portable_name(text, limit=limit)

    assert portable_name(name, limit=limit) == name


@given(st.text(min_size=300, max_size=300), st.sampled_from([".mp4", ".transcript", ".srt"]))
def test_a_cut_name_keeps_its_extension(title: str, extension: str) -> None:
    assert portable_name(title + extension).endswith(extension)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2026-11-23 - Märkte: 3/4 | Öl?", "2026-11-23 - Märkte- 3-4 - Öl"),
        ("../../etc/passwd", "etc-passwd"),
        ("-rf *", "rf"),
        ('"quoted"\r\n<b>', "'quoted' b"),
        ("lpt1.mp4", "_lpt1.mp4"),
        ("Console", "Console"),
        ("video\u202e4pm.exe", "video4pm.exe"),
        (" . ", "untitled"),
        ("", "untitled"),
        ("日本語" * 60 + ".mp4", "日本語" * 27 + "日本" + ".mp4"),
    ],
)
def test_names_stay_readable(text: str, name: str) -> None:
    assert portable_name(text) == name
