"""What yt-dlp, and the sites behind it, say when they give no video: as our errors. PURE."""

import re
from datetime import datetime, timezone

from services.clients.disk import full_disk
from services.errors import AuditscribeError, NotYetError, OperatorError, PermanentError, TransientError

Kind = type[TransientError] | type[PermanentError] | type[OperatorError]

REFUSALS: dict[str, tuple[Kind, str]] = {
    "live": (NotYetError, "The stream is still live: the bot waits until it has ended."),
    "upcoming": (NotYetError, "The stream or premiere has not begun yet: the bot waits until it is over."),
    "post_live": (
        NotYetError,
        "The stream has ended, and {site} is not done with its recording: the bot waits for it.",
    ),
    "playlist": (PermanentError, "The link leads to a list of videos: post the link of one of them."),
    "too_long": (PermanentError, "The video is longer than the bot may take."),
    "too_big": (PermanentError, "The video's file is bigger than the bot may take."),
    "too_much": (PermanentError, "{site} sends more about the video than fits into the bot's memory."),
    "no_web_stream": (
        PermanentError,
        "The video comes from {site} in a way that the bot does not take: only over http.",
    ),
}
"""What the child (ytdlp_child.py) itself refuses, by its word for it."""

RULES: tuple[tuple[str, Kind, str], ...] = (
    (
        r"network guard: port",
        PermanentError,
        "The link leads to a port other than 80 and 443: the bot's operator may open it with ALLOW_PRIVATE_HOSTS.",
    ),
    (
        r"403.*network guard|tunnel failed, response 403",  # the latter is libcurl's
        PermanentError,
        "The link leads to an address that is not on the public internet.",
    ),
    (
        r"400.*network guard|tunnel failed, response 400|no connection adapters|unsupported (url scheme|proxy type)",
        PermanentError,
        "The link leads to what is no web address.",
    ),
    (r"network guard", TransientError, "{site} cannot be reached."),
    (
        r"not a bot|captcha|cookies are no longer valid",
        OperatorError,
        "{site} takes the bot for a robot: its cookies must be renewed.",
    ),
    (r"requires websocket support", *REFUSALS["no_web_stream"]),
    (r"failed to load cookies", OperatorError, "The bot's cookies file cannot be read."),
    (r"live event will begin|premieres? (in|will)", *REFUSALS["upcoming"]),
    (r"not currently live", PermanentError, "Nobody is streaming there, and there is no recording behind the link."),
    (r"private video|(video|post|track|account) is private", PermanentError, "The video is private."),
    (
        r"members[- ]only|channel's members|join this channel|available .*(members|subscribers)",
        PermanentError,
        "The video is for the channel's paying members only.",
    ),
    (
        r"confirm your age|age[- ](restrict|gate|verif)",
        PermanentError,
        "The video is only shown to people who prove their age.",
    ),
    (
        r"in your (country|region|location)|from your location|geo[- ]?restrict",
        PermanentError,
        "The video is not shown in the country where the bot runs.",
    ),
    (r"\bdrm\b", PermanentError, "The video is copy-protected (DRM)."),
    (
        r"(video|content|post) (is )?unavailable|(been|was) (removed|deleted)|no longer|(not|n't) exist|terminated",
        PermanentError,
        "The video is not available: it was removed, or never existed.",
    ),
    (r"no suitable extractor", PermanentError, "The bot knows no way to get a video from {site}."),
    (
        r"unsupported url|no video formats|format is not available|extension .* is unusual",
        PermanentError,
        "There is no video behind the link.",
    ),
    (
        r"log ?in\b|sign in|registered users|credentials",
        OperatorError,
        "{site} shows this only to those who are logged in: the bot needs their cookies.",
    ),
    (r"rate[- ]limit|try again later|error 429", TransientError, "{site} asks the bot to slow down."),
    (r"file too large", *REFUSALS["too_big"]),
    (r"redirect (loop|error)|too many redirects", PermanentError, "The link leads round in circles."),
    (r"error (404|410)", PermanentError, "The video is gone: {site} no longer has it."),
    (r"error (408|5\d\d)", TransientError, "{site} has trouble of its own."),
    # An address for the bytes may expire, and a new one is asked for at the next try.
    (r"video data: http error 4\d\d", TransientError, "{site} broke off the download."),
    (r"http error [34]\d\d", PermanentError, "{site} does not let the bot see the video."),
    (r"report this issue", PermanentError, "The bot could not read what {site} shows: perhaps it has changed."),
    (r"bytes read|too short", TransientError, "{site} sends less of the video than it promises."),
    (r"ffmpeg exited with code \d+$", PermanentError, "The stream that {site} sends cannot be read."),
    (
        r"time(d )?out|connect|unreachable|resol(ve|ution)|not known|ssl|proxy|fragment|unable to",
        TransientError,
        "The connection to {site} broke.",
    ),
)
"""What yt-dlp says, what kind of error it is, what people are told; the first match counts.

What the site says of the video goes before the status that came with it: a 403 may be geography, or a private video.
"""

NOISE = re.compile(
    r"\x1b\[[0-9;]*m"  # colours
    r"| *\(caused by .*"
    r"| *(Use --|You might want to|For more information|Also see|See ).*"  # advice to those who run yt-dlp by hand
    r"|[a-z+]+://\S+"  # an address may hold secrets
)
FULL_DISK = re.compile(r"no space left|quota exceeded", re.IGNORECASE)
WHOSE = re.compile(r"^(ERROR: )?(\[[^\]]+\] ([^\s:]+: )?)?")
"""The extractor, and its video's id: no words about the video."""


def classify(text: str, status: int | None, *, site: str, retry_after: float | None = None) -> AuditscribeError:
    """Return the error for what yt-dlp said, and the HTTP status behind it.

    `site` is the name that people know the place by; `retry_after` is in seconds.
    """
    said = clean(text) if status is None else f"{clean(text)} (HTTP error {status})"
    if FULL_DISK.search(said):
        return full_disk()
    for pattern, kind, sentence in RULES:
        if re.search(pattern, said, re.IGNORECASE):
            return _error(kind, sentence, site, retry_after)
    return PermanentError(f"{site} gives no video: {said.rstrip('.')[:200] or 'it does not say why'}.")


def refusal(why: str, *, site: str, begins: float | None = None) -> AuditscribeError:
    """Return the error for what the child itself refused; `begins` is a Unix time, where the site announces one."""
    kind, sentence = REFUSALS[why]
    if why != "upcoming" or begins is None:
        return _error(kind, sentence, site, None)
    begins_at = datetime.fromtimestamp(begins, timezone.utc)
    when = f"begins on {begins_at:%-d %B %Y at %H:%M} UTC"
    return NotYetError(f"The stream or premiere {when}: the bot waits until it is over.", begins_at=begins_at)


def clean(text: str) -> str:
    """Return the first line of what was said about the video, without addresses and advice."""
    first_line = WHOSE.sub("", NOISE.sub("", text)).partition("\n")[0]
    return " ".join(first_line.split())


def _error(kind: Kind, sentence: str, site: str, retry_after: float | None) -> AuditscribeError:
    message = sentence.format(site=site)
    if kind is OperatorError:
        return OperatorError(message, provider=site)
    if kind is NotYetError:
        return NotYetError(message)
    if kind is TransientError:
        return TransientError(message, retry_after=retry_after)
    return PermanentError(message)
