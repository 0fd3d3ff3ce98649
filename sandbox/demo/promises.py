"""PURE: what the demo promises of a posted video, and the words for what was not kept."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sandbox.demo.sample import Post

Json = dict[str, Any]

STATUSES = ["Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete"]
REACTIONS = ["👀", "⬇️", "✍️", "☁️", "✅"]
TRANSCRIPTS = {"transcript.txt", "transcript.srt"}
VIDEO, AUDIO = "Video FIle Link", "Audio File Link"
MAY_BE_EMPTY = {"ProcessErrors", "Attached File", "YouTube Channel", "YoutubeListingStatus", VIDEO, AUDIO}
"""Columns for what an attachment has not, or not always."""
WORDS = 0.9
"""The share of the words that a transcript must have."""


def broken_promises(told: Json, post: Post) -> Iterator[str]:
    """Yield a sentence for everything in a summary that is not as it should be."""
    if told["statuses"] != STATUSES:
        yield f"The page's statuses were {_list(told['statuses'])} instead of {_list(STATUSES)}."
    if told["reactions"] != REACTIONS:
        yield f"The message's reactions were {_list(told['reactions'])} instead of {_list(REACTIONS)}."
    yield from _on_page(told["page"], post)
    yield from _in_drive(told, post)
    if told["spec_violations"]:
        yield f"{told['spec_violations']} requests or answers break the services' official descriptions."
    if post.spoken and (share := share_of_words(told["transcript"], post.spoken)) < WORDS:
        yield f"The transcript has {share:.0%} of the spoken words, not {WORDS:.0%}."


def share_of_words(transcript: str, spoken: str) -> float:
    """Return how much of what was said is in a transcript, 0.0 to 1.0, whatever the punctuation."""
    heard, said = Counter(_words(transcript)), Counter(_words(spoken))
    return (heard & said).total() / said.total()


def _on_page(page: Json, post: Post) -> Iterator[str]:
    if not page:
        yield "There is no page for the message."
        return
    if page["ProcessErrors"]:
        yield f"The page tells of an error: {page['ProcessErrors']}"
    needed = page.keys() - (MAY_BE_EMPTY - {VIDEO, AUDIO} if post.spoken else MAY_BE_EMPTY)
    if empty := [name for name in page if name in needed and page[name] in (None, "", [])]:
        yield f"The page has nothing in {_list(empty)}."


def _in_drive(told: Json, post: Post) -> Iterator[str]:
    names, sums = ({file[key] for file in told["files"]} for key in ("name", "md5"))
    if missing := TRANSCRIPTS - names:
        yield f"Drive lacks {_list(sorted(missing))}."
    if not names - TRANSCRIPTS:
        yield "Drive has neither video nor audio."
    if told["page"].get(VIDEO) and hashlib.md5(post.content, usedforsecurity=False).hexdigest() not in sums:
        yield f"None of the files in Drive has the md5 of {post.name}."


def _words(text: str) -> Iterator[str]:
    for word in text.casefold().split():
        if letters := "".join(filter(str.isalnum, word)):
            yield letters


def _list(names: Iterable[str]) -> str:
    return ", ".join(names) or "none"
