"""Links of any spelling: no exception, one key for one video, and no key for two."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.jobs.source import SourceKind, VideoSource, find_sources, source_of_link
from tests.hostile import LINKS, TEXTS

MANY = settings(max_examples=5000)
IDS = st.from_regex(r"[A-Za-z0-9_-]{11}", fullmatch=True)
YOUTUBES = st.sampled_from(
    [
        "https://youtu.be/{}",
        "https://www.youtube.com/watch?v={}&list=PL1",
        "http://m.youtube.com/shorts/{}?x#y",
        "HTTPS://YouTube.com./live/{}",
        "https://youtube.com/embed/{}",
        "https://music.youtube.com/watch?a=1&v={}",
    ]
)
YOUTUBE = ("youtube.com", "youtube-nocookie.com", "youtu.be")


def check_settled(source: VideoSource) -> None:
    """The canonical link is a web address without a secret, and its own canonical link."""
    assert source.url is not None
    parts = urlsplit(source.url)
    assert parts.scheme in {"http", "https"}
    assert parts.hostname
    assert "@" not in parts.netloc
    again = source_of_link(source.url)
    assert again is not None
    assert (again.key, again.url) == (source.key, source.url)
    is_youtube = parts.hostname.removeprefix("www.") in YOUTUBE
    assert source.kind is SourceKind.WEB or is_youtube


def check_text(text: str) -> None:
    found = find_sources([text])
    assert len({source.key for source in found}) == len(found)
    for source in found:
        check_settled(source)
        assert find_sources([f"<{source.url}>"]) == (source,)


def check_apart(links: list[str]) -> None:
    """Links with one key are one host, path and question, but for what only tracks, and where one looks."""
    videos: dict[str, set[tuple[object, ...]]] = {}
    for link in links:
        source = source_of_link(link)
        if source and source.kind is SourceKind.WEB:
            parts = urlsplit(link)
            host = (parts.hostname or "").rstrip(".")
            port = parts.port or {"http": 80, "https": 443}[parts.scheme]
            videos.setdefault(source.key, set()).add((parts.scheme, host, port, parts.path or "/", _asked(parts.query)))
    assert all(len(video) == 1 for video in videos.values())


def _asked(query: str) -> tuple[tuple[str, str], ...]:
    asked = parse_qsl(query, keep_blank_values=True)
    return tuple((name, value) for name, value in asked if not name.startswith("utm_") and name != "fbclid")


@given(TEXTS)
def test_every_link_of_any_text_is_settled(text: str) -> None:
    check_text(text)


@given(st.lists(LINKS, min_size=20, max_size=40))
def test_two_videos_never_have_one_key(links: list[str]) -> None:
    check_apart(links)


@given(YOUTUBES, IDS, YOUTUBES, IDS)
def test_two_youtube_links_have_one_key_if_their_ids_are_the_same(a: str, one: str, b: str, other: str) -> None:
    first, second = source_of_link(a.format(one)), source_of_link(b.format(other))

    assert first
    assert second
    assert (first.key == second.key) is (one == other)
    assert source_of_link(b.format(one)) == first


@pytest.mark.long
@pytest.mark.timeout(1200)
@MANY
@given(TEXTS)
def test_the_links_of_thousands_of_texts_are_settled(text: str) -> None:
    check_text(text)


@pytest.mark.long
@pytest.mark.timeout(1200)
@MANY
@given(st.lists(LINKS, min_size=20, max_size=40))
def test_no_two_of_thousands_of_videos_have_one_key(links: list[str]) -> None:
    check_apart(links)
