"""Rules of what the bot plants on its files in Drive: it fits, is nobody else's, and is found again."""

from hypothesis import example, given
from hypothesis import strategies as st

from sandbox.drive.files import File
from sandbox.drive.query import compiled
from services.clients.drive_marks import marks, search_for

OWNERS = st.text(max_size=200)
ROLES = st.sampled_from(["folder", "video", "audio", "text", "srt"])


@given(OWNERS, ROLES)
@example("é" * 59 + "x", "video")
@example("é" * 60, "video")
@example("𝄞" * 30, "video")
def test_a_mark_fits_into_124_bytes_and_never_holds_half_a_character(owner: str, role: str) -> None:
    mark = marks(owner, role)

    assert all(len(f"{key}{value}".encode()) <= 124 for key, value in mark.items())
    assert mark["owner"] == owner or mark["owner"].isascii()


@given(OWNERS, OWNERS)
@example("é" * 60, "é" * 61)
def test_two_owners_have_two_marks(one: str, other: str) -> None:
    assert (marks(one, "video") == marks(other, "video")) == (one == other)


@given(OWNERS, ROLES, OWNERS)
@example(r"a\' or trashed = true", "video", "a")
def test_a_search_finds_what_carries_the_mark_and_nothing_else(owner: str, role: str, other: str) -> None:
    is_found = compiled(search_for(marks(owner, role)), "root")

    assert is_found(a_file(marks(owner, role)))
    assert not is_found(a_file(marks(owner, role), trashed=True))
    assert is_found(a_file(marks(other, role))) == (other == owner)


def a_file(mark: dict[str, str], *, trashed: bool = False) -> File:
    return File(metadata={"mimeType": "video/mp4", "appProperties": mark, "trashed": trashed}, parents=[])
