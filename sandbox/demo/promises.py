"""PURE: what the demo promises of a posted video, and in which words a promise is broken."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from sandbox.demo.sample import Post

Json = dict[str, Any]

STATUSES = ["Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete"]
REACTIONS = ["👀", "⬇️", "✍️", "☁️", "✅"]
LEFT_EMPTY = {"ProcessErrors", "Attached File", "YouTube Channel", "YoutubeListingStatus"}
"""Columns that an attachment has nothing for."""
WORDS = 0.9
"""The share of the sample's words that the transcript must have."""


def broken_promises(told: Json, post: Post) -> Iterator[str]:
    """Yield a sentence for everything in a summary that is not as it should be."""
    if told["statuses"] != STATUSES:
        yield f"The page's status went through {_list(told['statuses'])}, not through {_list(STATUSES)}."
    if told["reactions"] != REACTIONS:
        yield f"The message's reactions were {_list(told['reactions'])}, not {_list(REACTIONS)}."
    yield from _broken_on_page(told["page"], has_video="Video FIle Link" in _filled(told["page"]), post=post)
    yield from _broken_in_drive(told["files"], post)
    if told["spec_violations"]:
        yield f"{told['spec_violations']} requests or answers break the services' official descriptions."
    if post.spoken and (share := share_of_words(told["transcript"], post.spoken)) < WORDS:
        yield f"The transcript has {share:.0%} of the sample's words, fewer than {WORDS:.0%}."


def share_of_words(transcript: str, spoken: str) -> float:
    """Return how much of what was said is in a transcript, 0.0 to 1.0, whatever the punctuation."""
    heard, said = Counter(_words(transcript)), Counter(_words(spoken))
    return (heard & said).total() / said.total()
