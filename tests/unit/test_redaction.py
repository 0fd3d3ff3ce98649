"""Rules of what becomes of secrets in texts that people read, and of logs."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import log
from bot.known_secrets import redaction_of
from config.settings import Settings
from services.errors import OperatorError, PermanentError, TransientError
from services.jobs.retry import RetryPolicy
from services.redaction import GAP, Redaction, redacted
from tests.builders import NOON, a_job

DISCORD = f"MTA{'x' * 21}.Gx1234.{'y' * 38}"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADANBg\nkqhkiG9w0BAQ\n-----END PRIVATE KEY-----\n"
SHAPES = {
    "a header": "GET /x\nAuthorization: Bearer SECRET1234\nAccept: */*",
    "a header of Discord's": "headers={'Authorization': 'Bot SECRET', 'User-Agent': 'x'}",
    "a header in JSON": '{"authorization": "Basic SECRET=="}',
    "a bare bearer": "request with bearer SECRET-token failed",
    "basic authorization": "Proxy said no to Basic dXNlcjpSECRET0=",
    "a cookie header": "Cookie: SID=SECRET; HSID=SECRET2",
    "a set cookie": "< Set-Cookie: session=SECRET; Path=/; HttpOnly\n< Server: x",
    "a cookie by name": "the site did not like __Secure-3PSID=SECRET; nor SAPISID=SECRET/x",
    "a line of a cookies file": ".youtube.com\tTRUE\t/\tTRUE\t1799999999\tLOGIN_INFO\tSECRET",
    "a line of a cookies file, spelled": r"skipping cookie file entry: '.x.y\tTRUE\t/\tTRUE\t0\tA\tSECRET'",
    "a url with a password": "cannot connect to postgres://bot:SECRET@db.example/ledger",
    "Discord's CDN": "https://cdn.discordapp.com/attachments/1/2/a.mp4?ex=67&is=68&hm=SECRET&",
    "Amazon's store": "https://s3.example/f?X-Amz-Credential=SECRET%2F2026&X-Amz-Date=1&X-Amz-Signature=SECRET",
    "Google's store": "https://storage.googleapis.com/b/o?GoogleAccessId=SECRET&X-Goog-Signature=SECRET",
    "YouTube's media": "https://r1.googlevideo.com/videoplayback?id=1&lsig=SECRET&sig=SECRET%3D&n=1",
    "YouTube's manifest": "https://manifest.googlevideo.com/api/manifest/hls/id/1/sig/SECRET%3D/file/index.m3u8",
    "a resumable upload": "https://www.googleapis.com/upload/drive/v3/files?uploadType=resumable&upload_id=SECRET",
    "a link in html": '<a href="https://x.example/f?a=1&amp;token=SECRET">',
    "an answer of OAuth": '{"access_token": "SECRET", "expires_in": 3599, "refresh_token": "SECRET"}',
    "a form": "POST /token?grant_type=refresh_token&client_secret=SECRET&refresh_token=SECRET",
    "the environment": "env: NOTION_TOKEN=SECRET WEBHOOK_SECRET='SECRET one' PATH=/bin",
    "an interaction": "PATCH https://discord.com/api/v10/webhooks/123/SECRET/messages/@original responded with 429.",
    "a callback": "POST https://discord.com/api/v10/interactions/9/SECRET/callback",
    "Discord's token": f"Improper token {DISCORD} passed".replace("xxxxxx", "SECRET", 1),
    "Notion's token": "ntn_1234567890SECRET is unknown",
    "Notion's old token": "secret_abcdefghijklmnopqrstSECRET is unknown",
    "Google's token": "ya29.SECRET-abc_def is expired, 1//0gSECRETabcdefghijkl too, and GOCSPX-SECRETabc",
    "a signed claim": "assertion eyJhbGciOiJI.eyJpc3MiOiJSECRET.SECRETSIG",
    "a key": f"bad key {KEY.replace('MII', 'SECRET')} here",
    "a key in JSON": json.dumps({"private_key": KEY.replace("MII", "SECRET")}),
    "half a key": "-----BEGIN RSA PRIVATE KEY-----\nSECRET",
}
PLAIN = (
    "The video is private.",
    "Check DISCORD_TOKEN (in the developer portal: Bot > Reset Token) and DISCORD_API_URL.",
    "YouTube takes the bot for a robot: its cookies must be renewed.",
    "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=PL123&t=42s",
    "https://www.notion.so/0123456789abcdef0123456789abcdef",
    "Basic photography, part 2: token rings & secret gardens",
    "3-7a0b1c2d3e: downloading (try 1): 10:30 standup @ noon",
    "<t:1763899200:R> [card](https://discord.com/channels/1/2/3)",
)
PIECES = st.sampled_from([*SHAPES.values(), *PLAIN, "\n", " ", '"', "'", "&", "=", "@", ":", "//", "\t", ".", "TRUE\t"])


@pytest.mark.parametrize("shape", SHAPES)
def test_what_has_the_shape_of_a_secret_is_taken_out(shape: str) -> None:
    shown = redacted(SHAPES[shape])

    assert "SECRET" not in shown.replace("WEBHOOK_SECRET", "")
    assert GAP in shown
    assert redacted(shown) == shown


@pytest.mark.parametrize("text", PLAIN)
def test_ordinary_words_and_links_stay(text: str) -> None:
    assert redacted(text) == text


@given(st.lists(PIECES | st.text(), max_size=8).map("".join))
def test_to_redact_again_changes_nothing(text: str) -> None:
    assert redacted(redacted(text)) == redacted(text)


@given(st.text(min_size=6, max_size=40), st.text(), st.text())
def test_a_known_value_is_taken_out_however_it_is_spelled(secret: str, before: str, after: str) -> None:
    redaction = Redaction([secret])
    spelled = [secret, quote(secret, safe=""), json.dumps(secret)[1:-1]]

    for form in spelled:
        assert form not in redaction(f"{before}{form}{after}").replace(GAP, "\0")


def test_every_named_error_is_without_secrets_from_the_start() -> None:
    said = SHAPES["a header"]
    errors = [TransientError(said, retry_after=3), PermanentError(said), OperatorError(said, provider="X")]

    assert all("SECRET" not in str(error) for error in errors)


def test_a_jobs_error_is_without_the_secrets_that_the_bot_knows() -> None:
    policy = RetryPolicy(redaction=Redaction(["open sesame"]))

    for error in (
        TransientError("open sesame!"),
        PermanentError("open sesame!"),
        OperatorError("open sesame!", provider="X"),
    ):
        assert policy.after_failure(a_job(), error, NOON).error == f"{GAP}!"


def test_a_start_knows_the_secrets_of_its_settings_and_of_their_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    google, account, cookies = (tmp_path / name for name in ("google.json", "account.json", "cookies.txt"))
    google.write_text(
        json.dumps({"token": "google-one", "refresh_token": "google-two", "client_secret": "google-three"})
    )
    account.write_text("no JSON")
    cookies.write_text("# Netscape\n.x.y\tTRUE\t/\tTRUE\t0\tSID\tcookie-of-twelve\n.x.y\tTRUE\t/\tTRUE\t0\tPREF\ten\n")
    known = {"discord_token": "discord-one", "notion_token": "notion-one", "webhook_secret": "webhook-one"}
    files = {"google_token_file": google, "google_service_account_file": account, "ytdlp_cookies_file": cookies}
    settings = Settings(**known, **files, discord_message_db_id="x")  # type: ignore[arg-type]  # as the environment has them

    values = [*known.values(), "google-one", "google-two", "google-three", "cookie-of-twelve"]
    assert redaction_of(settings)(" ".join([*values, "en"])) == " ".join([GAP] * len(values) + ["en"])


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process that logs as the bot does writes to stderr."""
    written = io.StringIO()
    root, hook = logging.getLogger(), sys.excepthook
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr(sys, "stderr", written)
    log.configure("INFO", redaction=Redaction(["open sesame"]))
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook = hook


def test_an_event_is_one_line_whatever_a_video_is_called(lines: io.StringIO) -> None:
    title = "a\nERROR fake\r\x1b[31m\u2028\u202e\x00\ud800 b"
    handlers = logging.getLogger().handlers  # of which pytest's own would send half a character to xdist, which ends it
    handlers[:] = [handler for handler in handlers if type(handler) is logging.StreamHandler]

    logging.getLogger("services.x").info("1-a: %s", title)

    [line] = lines.getvalue().splitlines()
    assert line.endswith(r"INFO 1-a: a\nERROR fake\r\x1b[31m\u2028\u202e\x00\ud800 b")


def test_neither_a_log_nor_a_traceback_nor_the_end_of_the_process_has_a_secret_in_it(lines: io.StringIO) -> None:
    def fail() -> None:
        raise RuntimeError(f"open sesame\n{SHAPES['a header']}\x1b[0m")

    try:
        fail()
    except RuntimeError as error:
        logging.getLogger("discord").exception("open sesame %s", SHAPES["Discord's CDN"])
        sys.excepthook(type(error), error, error.__traceback__)

    written = lines.getvalue()
    assert "SECRET" not in written
    assert "sesame" not in written
    assert "\x1b" not in written
    assert written.count("Traceback") == 2
    assert "The bot ended unexpectedly" in written
