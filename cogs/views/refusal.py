"""PURE: what is said of videos that are not taken."""

from services.admission import Admitted, Limit

_AGAIN = "choose Apps › Transcribe this on this message"


def refusal(admitted: Admitted, videos: int) -> str:
    """Return what became of a message's `videos`, why, and what to do."""
    taken = videos - admitted.refused
    if videos == 1:
        what = "This video was not taken"
    elif taken == 0:
        what = f"None of these {videos} videos was taken"
    else:
        what = f"The first {taken} of these {videos} videos were taken, the other {admitted.refused} were not"
    return f"⚠️ {what}: {_why(admitted)}"


def and_since(sentence: str, videos: int, messages: int, last_url: str) -> str:
    """Return a refusal with what was not taken of the poster's next messages, the last of which is named."""
    if not videos:
        return sentence
    were, next_ones = ("was", "message") if videos == 1 else ("were", "messages" if messages > 1 else "message")
    return (
        f"{sentence}\nOf {messages} more {next_ones} {videos} {'videos' if videos > 1 else 'video'} {were} not taken "
        f"either; the last such message is {last_url}"
    )


def _why(admitted: Admitted) -> str:
    match admitted.limit:
        case Limit.POSTER:
            return f"{admitted.allowed} videos of yours are on their way already. When some of them are done, {_AGAIN}."
        case Limit.MINUTE:
            return f"{admitted.allowed} videos a minute are taken of one person. In a minute, {_AGAIN}."
        case _:
            return f"a message may bring {admitted.allowed}. For the next {admitted.allowed}, {_AGAIN}."
