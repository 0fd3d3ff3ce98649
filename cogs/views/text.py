"""PURE: words, numbers and moments as Discord shows them."""

import re
import unicodedata
from datetime import datetime

from services.jobs.job import Job, JobStatus, Stage
from services.words import utf16_cut, utf16_units

WAITING = "👀"
_STAGE_EMOJI = {
    Stage.PROCESSING: WAITING,
    Stage.DOWNLOADING: "⬇️",
    Stage.TRANSCRIBING: "✍️",
    Stage.UPLOADING: "☁️",
    Stage.COMPLETE: "☁️",  # its work has begun, the page does not say so yet
}
_ENDED_EMOJI = {JobStatus.SUCCEEDED: "✅", JobStatus.FAILED: "❌", JobStatus.CANCELLED: "❌"}
ENDED_EMOJI = frozenset(_ENDED_EMOJI.values())

_MARKDOWN = re.compile(r"[\\*_~`|<>\[\]()#:@]|^[-+]|(?<=\d)\.(?= )")
"""What may begin formatting, a link, a mention, an emoji or a moment in Discord, a list at the start of a line."""
_SCHEME = re.compile(r"^\s*https?://(www\.)?(?=\S)", re.IGNORECASE)
_JOINER = "\u200d"
"""Joins emoji; every other invisible character is left out."""
_BLANK = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"
"""Fillers of Hangul and of Braille, joiners of accents, vowels of Khmer: not controls, and nothing to be seen."""
_BAR = 10


def emoji(job: Job) -> str:
    """Return the reaction that shows where a job is."""
    if job.has_ended:
        return _ENDED_EMOJI[job.status]
    return WAITING if job.stage is None else _STAGE_EMOJI[job.stage]


def one_line(text: str, limit: int) -> str:
    """Return a text that comes from outside as one line of visible characters, cut to `limit` UTF-16 units."""
    visible = (letter for letter in text if letter == _JOINER or letter.isspace() or not _is_invisible(letter))
    line = " ".join("".join(visible).split())
    return line if utf16_units(line) <= limit else f"{utf16_cut(line, limit - 1)}…"


def plain(text: str, limit: int = 100) -> str:
    """Return `one_line` of a text with nothing in it that Discord would act upon; at most twice `limit` characters."""
    line = one_line(text, limit)
    return _MARKDOWN.sub(r"\\\g<0>", line) if line.strip(_JOINER) else "untitled"


def title(job: Job, limit: int = 100) -> str:
    """Return the video's name, fit for the words of a link, too: Discord makes no link of words that are an address."""
    return plain(_SCHEME.sub("", job.title), limit)


def stage_name(job: Job) -> str:
    """Return what is being done, or waits: the last stage is called after its end, which has not come yet."""
    return "Finishing" if job.stage is Stage.COMPLETE else job.stage or "Waiting"


def duration(seconds: float) -> str:
    """Return a duration for people: `45 s`, `3 min 12 s`, `2 h 5 min`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_rest = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes_rest} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def rough(seconds: float) -> str:
    """Return an estimate no more exact than it is: `less than a minute`, `about 3 min`, `about 2 h 10 min`."""
    if seconds < 60:
        return "less than a minute"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 60 else f"about {minutes // 60} h {minutes % 60 // 10 * 10} min"


def bar(fraction: float) -> str:
    """Return a progress bar with its percent."""
    full = round(fraction * _BAR)
    return f"{'▰' * full}{'▱' * (_BAR - full)} {fraction:.0%}"


def moment(at: datetime, style: str = "R") -> str:
    """Return a moment that Discord shows in the reader's own time, `R` as `in 2 minutes`."""
    return f"<t:{at.timestamp():.0f}:{style}>"


def _is_invisible(letter: str) -> bool:
    """Controls, marks of direction, halves of a character, characters that no font has, letters that are blank."""
    return unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Co", "Cn"} or letter in _BLANK
