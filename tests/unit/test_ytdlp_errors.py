"""What yt-dlp says becomes the right error, in words for everyone."""

from datetime import datetime, timezone

import pytest

from services.clients.ytdlp_errors import REFUSALS, classify, refusal
from services.errors import NotYetError, OperatorError, PermanentError, TransientError

HINT = (
    " Use --cookies-from-browser or --cookies for the authentication. "
    "See  https://github.com/yt-dlp/yt-dlp/wiki/FAQ#how-do-i-pass-cookies-to-yt-dlp  for how to manually pass cookies"
)
BUG = (
    "; please report this issue on  https://github.com/yt-dlp/yt-dlp/issues?q= , filling out the appropriate template."
)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (f"[youtube] a-B_c: Private video. Sign in if you've been granted access to this video.{HINT}", "private"),
        ("[youtube] x: Video unavailable. This video has been removed by the uploader", "removed"),
        ("[youtube] x: Video unavailable. This video is private", "private"),
        ("[youtube] x: Join this channel to get access to members-only content like this video", "members"),
        ("[youtube] x: This video is available to this channel's members on level: Gold", "members"),
        (f"[youtube] x: Sign in to confirm your age. This video may be inappropriate for some users.{HINT}", "age"),
        ("[youtube] x: The uploader has not made this video available in your country\nYou might want to", "country"),
        ("[vimeo] 1: This video is not available from your location due to geo restriction", "country"),
        ("[netflix] 1: The requested site is known to use DRM protection. It will NOT be supported.", "DRM"),
        ("[twitch:stream] x: The channel is not currently live", "streaming"),
        ("[generic] Unsupported URL: https://example.org/", "no video behind"),
        ("No suitable extractor found for URL https://example.org/", "knows no way"),
        (
            "[vimeo] 1: Unable to download webpage: HTTP Error 404: Not Found (caused by <HTTPError 404: Not Found>)",
            "gone",
        ),
        ("[vimeo] 1: Unable to download webpage: HTTP Error 403: Forbidden", "does not let"),
        ("[vimeo] 1: Unable to download webpage: HTTP Error 403: Forbidden (network guard)", "public internet"),
        ("Unable to connect to proxy: Tunnel connection failed: 403 Forbidden (network guard)", "public internet"),
        ("Failed to perform, curl: (56) CONNECT tunnel failed, response 403", "public internet"),
        ("ffmpeg exited with code 183: HTTP error 403 Forbidden (network guard)", "public internet"),
        ("ffmpeg exited with code 183", "cannot be read"),
        (
            "[vimeo] 1: Unable to download webpage: HTTP Error 403: Forbidden (network guard: port)",
            "ALLOW_PRIVATE_HOSTS",
        ),
        ("[download] Got error: HTTP Error 400: Bad Request (network guard)", "no web address"),
        ("No connection adapters were found for 'ftp://example.com/a.mp4'", "no web address"),
        (f"[vimeo] 1: Unable to extract title{BUG}", "could not read"),
        ("[generic] HTTP Error 302: Found (redirect loop detected)", "round in circles"),
        ("unable to write data: [Errno 27] File too large", "bigger"),
    ],
)
def test_an_answer_that_would_stay_the_same_is_permanent(said: str, words: str) -> None:
    error = classify(f"ERROR: {said}", None, site="Vimeo")

    assert isinstance(error, PermanentError)
    assert words in str(error)


@pytest.mark.parametrize(
    "said",
    [
        f"[youtube] x: Sign in to confirm you’re not a bot.{HINT}",
        "[youtube] x: Blocked. YouTube is requiring a captcha challenge before playback",
        f"[instagram] x: Requested content is not available, rate-limit reached or login required.{HINT}",
        "failed to load cookies: No such file or directory",
    ],
)
def test_what_a_person_must_renew_is_the_operators(said: str) -> None:
    error = classify(f"ERROR: {said}", None, site="YouTube")

    assert isinstance(error, OperatorError)
    assert error.provider == "YouTube"


@pytest.mark.parametrize(
    "said",
    [
        "[vimeo] 1: Unable to download webpage: HTTP Error 429: Too Many Requests",
        "[vimeo] 1: Unable to download webpage: HTTP Error 503: Service Unavailable",
        "[vimeo] 1: Unable to download webpage: HTTP Error 502: Bad Gateway (network guard)",
        "[youtube] x: This content isn't available, try again later. The current session has been rate-limited",
        "[vimeo] 1: Unable to download webpage: [Errno -2] Name or service not known (caused by TransportError())",
        "[vimeo] 1: Unable to download webpage: The read operation timed out",
        "unable to download video data: HTTP Error 403: Forbidden",
        "unable to download video data: 512 bytes read, 1024 more expected",
        "fragment 7 not found, unable to continue",
        "ffmpeg exited with code 183: HTTP error 503 Service Unavailable",
        "ffmpeg exited with code 145: Connection refused",
    ],
)
def test_what_may_pass_is_transient(said: str) -> None:
    assert isinstance(classify(f"ERROR: {said}", None, site="Vimeo"), TransientError)


def test_the_wait_that_a_site_asks_for_is_kept() -> None:
    error = classify("ERROR: [x] Unable to download webpage", 429, site="X", retry_after=90.0)

    assert isinstance(error, TransientError)
    assert error.retry_after == 90


def test_the_status_counts_where_the_words_are_silent() -> None:
    assert isinstance(classify("ERROR: [x] Something else", 410, site="X"), PermanentError)
    assert isinstance(classify("ERROR: [x] Something else", 500, site="X"), TransientError)


def test_a_full_disk_is_nobodys_site() -> None:
    error = classify("Unable to download video: [Errno 28] No space left on device", None, site="YouTube")

    assert isinstance(error, OperatorError)
    assert error.provider == "Disk"


def test_a_video_s_id_says_nothing_about_it() -> None:
    assert "private" not in str(classify("ERROR: [x] this-video-is-private: Gone fishing", None, site="X"))


def test_words_that_nobody_foresaw_are_shown_without_secrets_and_advice() -> None:
    error = classify(
        f"\x1b[0;31mERROR:\x1b[0m [x] 7: Gone fishing at https://cdn.example/a?token=secret until May.{HINT}",
        None,
        site="X",
    )

    assert str(error) == "X gives no video: Gone fishing at until May."


@pytest.mark.parametrize("why", REFUSALS)
def test_a_refusal_of_our_own_is_one_sentence(why: str) -> None:
    sentence = str(refusal(why, site="YouTube"))

    assert sentence.endswith(".")
    assert "{" not in sentence


@pytest.mark.parametrize("said", ["This live event will begin in 3 days.", "Premieres in 2 hours"])
def test_what_has_not_begun_is_worth_a_wait(said: str) -> None:
    assert isinstance(classify(f"ERROR: [youtube] x: {said}", None, site="YouTube"), NotYetError)


def test_the_moment_that_a_stream_is_announced_for_is_told() -> None:
    moment = datetime(2026, 12, 3, 17, 30, tzinfo=timezone.utc)

    error = refusal("upcoming", site="YouTube", begins=moment.timestamp())

    assert isinstance(error, NotYetError)
    assert error.begins_at == moment
    assert "begins on 3 December 2026 at 17:30 UTC" in str(error)
