"""Transcription: ours, faster-whisper's defaults and batches, and the whisper-ctranslate2 command, on the same work.

Speech as it is, under noise, with pauses and music, and in another language, each heard by each in turn, again and
again, so that the machine's moods meet all alike. base, int8; everybody may use all cores, and loads the model before
the clock runs. A ratio is that of two runs on the same work in one round; of those, and of all else, the median.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.table import Table

from bench.recognisers import Command, Recogniser, contender
from bench.sounds import Sound, recorded, sounds
from bench.tables import Outcome, table
from bench.words import word_error_rate
from sandbox.model import base

DEFAULT, BATCHED, CLI, OURS = "default", "batched", "cli", "ours"
SHOWN = {
    DEFAULT: "(a) faster-whisper's defaults",
    BATCHED: "(b) BatchedInferencePipeline(batch_size=8)",
    CLI: "(c) whisper-ctranslate2",
    OURS: "ours",
}
"""In the order of their turns."""
_ROUNDS = 5
_LONG_S, _QUICK_S = 150.0, 30.0
"""Of each recording, at most."""
_QUICK_ITALIAN_FROM_S = 29.0
"""Of what comes before, the defaults hear one half minute at every temperature they have: that takes half a minute."""
_WARM_UP_S = 12.0


@dataclass(frozen=True, slots=True)
class Hearing:
    """One recogniser's run on one recording."""

    round: int
    sound: str
    recogniser: str
    seconds: float
    wer: float
    """Percent."""
    peak_mb: float
    text: str


async def measure(*, quick: bool) -> Outcome:
    """Let them hear all, five times, (b) and (c) clean speech alone; quick: once, and some clips only."""
    model = base()
    recordings = (
        sounds(at_most_s=_QUICK_S, italian_from_s=_QUICK_ITALIAN_FROM_S) if quick else sounds(at_most_s=_LONG_S)
    )
    hearings: list[Hearing] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="auditscribe-bench-")))
        recognisers: dict[str, Recogniser] = {CLI: Command(model)}  # it starts anew each time: no warm-up would last
        warm_up = recorded("english", _WARM_UP_S).write(folder)
        for name in (DEFAULT, BATCHED, OURS):
            recognisers[name] = await stack.enter_async_context(contender(name, model))
            await recognisers[name].hear(warm_up)
        for number in range(1 if quick else _ROUNDS):
            for sound in recordings:
                turns = SHOWN if sound.name == "clean" else (DEFAULT, OURS)
                hearings += [await _hearing(number, sound, name, recognisers[name], folder) for name in turns]
    return Outcome([_table(recordings, hearings)], results(hearings), [asdict(hearing) for hearing in hearings])


async def _hearing(number: int, sound: Sound, name: str, recogniser: Recogniser, folder: Path) -> Hearing:
    heard = await recogniser.hear(sound.write(folder))
    wer = word_error_rate(sound.words, heard.text, sound.language)
    return Hearing(number, sound.name, name, heard.seconds, wer, heard.peak_mb, heard.text)


def results(hearings: Sequence[Hearing]) -> Mapping[str, float]:
    """Return the figures for results.json: how many times faster ours is, and its points of word error rate more."""
    figures: dict[str, float] = {}
    for sound in dict.fromkeys(hearing.sound for hearing in hearings):
        figures[f"asr_{sound}_speedup"] = speedup(hearings, sound, DEFAULT)
        figures[f"asr_{sound}_wer_delta"] = wer_delta(hearings, sound, DEFAULT)
    figures["asr_vs_batched_speedup"] = speedup(hearings, "clean", BATCHED)
    figures["asr_vs_cli_speedup"] = speedup(hearings, "clean", CLI)
    return figures


def speedup(hearings: Iterable[Hearing], sound: str, other: str) -> float:
    """Return the other's time divided by ours: the median of the rounds' ratios."""
    return median(theirs.seconds / ours.seconds for theirs, ours in _pairs(hearings, sound, other))


def wer_delta(hearings: Iterable[Hearing], sound: str, other: str) -> float:
    """Return our word error rate less the other's, in points: the median of the rounds' differences."""
    return median(ours.wer - theirs.wer for theirs, ours in _pairs(hearings, sound, other))


def _pairs(hearings: Iterable[Hearing], sound: str, other: str) -> Iterable[tuple[Hearing, Hearing]]:
    """Return the other's and our run of each round."""
    rounds: defaultdict[int, dict[str, Hearing]] = defaultdict(dict)
    for hearing in hearings:
        if hearing.sound == sound:
            rounds[hearing.round][hearing.recogniser] = hearing
    return [(of[other], of[OURS]) for of in rounds.values()]


def _table(recordings: Iterable[Sound], hearings: Sequence[Hearing]) -> Table:
    rows: list[list[object]] = []
    for sound in recordings:
        words = len(sound.words.split())
        rows.append([f"{sound.name} ({sound.duration_s:.0f} s, {sound.language}, {words} words)", *[""] * 5])
        for name, shown in SHOWN.items():
            runs = [hearing for hearing in hearings if (hearing.sound, hearing.recogniser) == (sound.name, name)]
            if runs:
                rows.append([f"  {shown}", *_cells(runs, hearings)])
    title = f"Transcription, base, int8: medians of {max(hearing.round for hearing in hearings) + 1} rounds"
    columns = ("recording", "seconds", "ours is x times faster", "WER %", "ours less this, points", "peak MB")
    return table(title, columns, rows)


def _cells(runs: Sequence[Hearing], hearings: Sequence[Hearing]) -> list[object]:
    sound, name = runs[0].sound, runs[0].recogniser
    return [
        median(run.seconds for run in runs),
        f"{speedup(hearings, sound, name):.2f}" if name != OURS else "",
        f"{median(run.wer for run in runs):.2f}",
        f"{wer_delta(hearings, sound, name):+.2f}" if name != OURS else "",
        round(max(run.peak_mb for run in runs)),
    ]
