"""Rules of finding videos in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.jobs.source import Attachment, SourceKind, find_sources, source_of_link
from tests.integration.inward_links import LOOK_ALIKES

ID = "dQw4w9WgXcQ"


@pytest.mark.parametrize(
    "link",
    [
        f"https://www.youtube.com/watch?v={ID}",
        f"https://youtube.com/watch?app=desktop&v={ID}&t=42s",
        f"http://m.youtube.com/watch?v={ID}&list=PL123&index=2",
        f"https://music.youtube.com/watch?v={ID}&si=abc",
        f"https://youtu.be/{ID}?si=abc&t=3",
        f"https://www.youtube.com/live/{ID}?feature=share",
        f"https://www.youtube.com/shorts/{ID}",
        f"https://www.youtube.com/embed/{ID}?start=3",
        f"https://www.youtube-nocookie.com/embed/{ID}",
        f"HTTPS://WWW.YouTube.COM/watch?v={ID}#x",
    ],
)
def test_every_form_of_a_youtube_link_is_one_video(link: str) -> None:
    source = source_of_link(link)

    assert source is not None
    assert source.key == f"youtube:{ID}"
    assert source.url == f"https://www.youtube.com/watch?v={ID}"


@pytest.mark.defect("the link check was a substring test")
@pytest.mark.parametrize("link", LOOK_ALIKES)
def test_a_look_alike_host_is_not_youtube(link: str) -> None:
    source = source_of_link(link)

    assert source is not None
    assert source.kind is SourceKind.WEB


@pytest.mark.parametrize("text", ["", "ftp://a.example/x.mp4", "youtube.com", "https://", "https://a.example:x/"])
def test_what_is_no_web_address_is_no_video(text: str) -> None:
    assert source_of_link(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "see {} please",
        "<{}>",
        "({})",
        "[the video]({})",
        "[the video](<{}>)",
        "**{}**, _well_",
        "_{}_ and __{}__",
        "||{}||",
        "`{}`",
        "{}.",
        "is it {}?",
        "> {}\n\n{}",
        "[https://other.example/label]({})",
    ],
)
def test_a_link_is_found_within_what_discord_writes_around_it(text: str) -> None:
    link = "https://videos.example/a_(b)/clip?x=1&y=2"

    assert [source.url for source in find_sources([text.replace("{}", link)])] == [link]


def test_a_message_of_several_videos_has_each_once_in_its_order() -> None:
    text = f"https://b.example/2 https://youtu.be/{ID} https://B.example:443/2#t=3 https://www.youtube.com/shorts/{ID}"
    files = [Attachment(1, "notes.pdf", "application/pdf"), Attachment(2, "talk.MOV", None)]

    keys = [source.key for source in find_sources([text], files)]

    assert keys == ["web:https://b.example/2", f"youtube:{ID}", "discord:2"]


def test_an_attachments_size_is_kept() -> None:
    [source] = find_sources([], [Attachment(2, "talk.MOV", None, size=5)])

    assert source.size == 5


@pytest.mark.parametrize(
    ("content_type", "filename", "is_video"),
    [
        ("video/mp4", "x", True),
        ("audio/ogg; codecs=opus", "voice-message.ogg", True),
        ("application/pdf", "x.mp4", False),
        ("image/gif", "x.gif", False),
        (None, "x.webm", True),
        (None, "x.txt", False),
    ],
)
def test_an_attachment_counts_by_its_type_or_else_by_its_name(
    content_type: str | None, filename: str, *, is_video: bool
) -> None:
    assert bool(find_sources([], [Attachment(1, filename, content_type)])) is is_video


def test_passwords_and_tracking_do_not_make_another_video() -> None:
    spellings = ["https://u:p@v.example/a?id=1&utm_source=x", "https://v.example/a?id=1", "https://V.example./a?id=1#f"]

    assert {source.key for source in find_sources(spellings)} == {"web:https://v.example/a?id=1"}


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    for source in find_sources([text, f"https://{text}"]):
        assert source.url is not None
        again = source_of_link(source.url)
        assert again is not None
        assert again.key == source.key


@given(
    before=st.sampled_from(["", " ", "\n", "<", "(", "**", "||"]),
    video_id=st.from_regex(r"[A-Za-z0-9_-]{11}", fullmatch=True),
)
def test_a_youtube_link_is_found_whatever_stands_before_it(before: str, video_id: str) -> None:
    found = find_sources([f"{before}https://youtu.be/{video_id}"])

    assert [source.key for source in found] == [f"youtube:{video_id}"]
