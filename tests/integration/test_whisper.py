"""The speech recogniser with a real model in its child process."""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path

import pytest

from sandbox.media import SPEECH, clip, words
from sandbox.model import tiny_en
from services.clients.whisper import WhisperTranscriber
from services.errors import OperatorError, PermanentError, TransientError
from services.media import Heard, Transcript

JFK_S, SONNET_S = 11.0, 53.27


@asynccontextmanager
async def a_transcriber(
    model: Path | None = None,
    *,
    idle_timeout_s: float = 300.0,
    stall_timeout_s: float = 300.0,
    silence_timeout_s: float = 5.0,
) -> AsyncIterator[WhisperTranscriber]:
    transcriber = WhisperTranscriber(
        model=str(model or tiny_en()),
        compute_type="int8",
        idle_timeout_s=idle_timeout_s,
        stall_timeout_s=stall_timeout_s,
        silence_timeout_s=silence_timeout_s,
    )
    try:
        yield transcriber
    finally:
        await transcriber.aclose()


async def hear(
    transcriber: WhisperTranscriber, audio: Path = SPEECH["jfk"], heard: Heard = lambda _: None
) -> Transcript:
    return await transcriber.transcribe(audio, language=None, heard=heard)


def recall(transcript: Transcript, speech: str) -> float:
    """The share of a speech's words that were heard in their order."""
    said, heard = (re.findall(r"[a-z']+", text.lower()) for text in (words(speech), transcript.text))
    blocks = SequenceMatcher(None, said, heard, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(said)


def four_sonnets(folder: Path) -> Path:
    """At least ten seconds of work for one core."""
    target = folder / "four.mp3"
    target.write_bytes(SPEECH["sonnet"].read_bytes() * 4)
    return target


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def cpu_ticks(pid: int) -> int:
    """User and system time of a process, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def until_at_rest(pid: int, within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        before = -1
        while (now := cpu_ticks(pid)) != before:
            before = now
            await asyncio.sleep(0.2)


async def until(condition: Callable[[], bool], within: float = 5.0) -> None:
    async with asyncio.timeout(within):
        while not condition():
            await asyncio.sleep(0.02)


async def test_most_words_of_two_speeches_at_once_are_heard_and_each_second_once() -> None:
    told: dict[str, list[float]] = {"jfk": [], "sonnet": []}
    async with a_transcriber() as transcriber:
        jfk, sonnet = await asyncio.gather(
            *(hear(transcriber, SPEECH[name], heard.append) for name, heard in told.items())
        )
        assert len(children()) == 1

    assert recall(jfk, "jfk") >= 0.9
    assert recall(sonnet, "sonnet") >= 0.85
    assert (jfk.language, jfk.model) == ("en", "model")
    for heard, length_s in zip(told.values(), (JFK_S, SONNET_S), strict=True):
        assert heard == sorted(heard)
        assert heard[0] == 0
        assert heard[-1] == pytest.approx(length_s, abs=1)  # of speech: the quiet at the end is not told


async def test_what_has_no_speech_is_an_empty_transcript_and_what_cannot_be_decoded_a_permanent_error(
    tmp_path: Path,
) -> None:
    (tmp_path / "no.mp3").write_bytes(b"no sound at all")
    async with a_transcriber() as transcriber:
        silence = await hear(transcriber, clip(tmp_path, "silence.m4a"))
        with pytest.raises(PermanentError, match="cannot be decoded"):
            await hear(transcriber, tmp_path / "no.mp3")
        with pytest.raises(PermanentError, match="cannot be decoded"):
            await hear(transcriber, clip(tmp_path, "jfk-mute.mp4"))

    assert (silence.segments, silence.language) == ((), None)


def a_model_without(part: str, folder: Path) -> Path:
    for file in tiny_en().iterdir():
        if file.name != part:
            (folder / file.name).symlink_to(file)
    return folder


def half_a_model(folder: Path) -> Path:
    whole = (tiny_en() / "model.bin").read_bytes()
    (a_model_without("model.bin", folder) / "model.bin").write_bytes(whole[: len(whole) // 2])
    return folder


@pytest.mark.parametrize("make", [half_a_model, partial(a_model_without, "tokenizer.json")])
async def test_a_model_that_is_not_whole_is_for_the_operator_to_mend_at_once(
    tmp_path: Path, make: Callable[[Path], Path], caplog: pytest.LogCaptureFixture
) -> None:
    async with a_transcriber(make(tmp_path)) as transcriber, asyncio.timeout(10):
        with pytest.raises(OperatorError, match=r"^The .* operator must check WHISPER_MODEL.*\.$") as error:
            await hear(transcriber)

    assert error.value.provider == "Whisper model"
    assert str(tmp_path) not in str(error.value)
    assert "exit status 1" in caplog.text


def once(strike: Callable[[], None]) -> Heard:
    """Strike at the first progress only."""
    strikes = iter([strike])
    return lambda _: next(strikes, lambda: None)()


def to_child(number: signal.Signals) -> None:
    os.kill(children()[0], number)


async def kill_each_child() -> None:
    while True:
        for child in children():
            os.kill(child, signal.SIGKILL)
        await asyncio.sleep(0.05)


async def test_a_transcription_in_which_the_child_dies_repeatedly_fails_and_the_next_call_starts_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_transcriber() as transcriber:
        killing = asyncio.create_task(kill_each_child())
        with pytest.raises(TransientError, match=r"^The speech recogniser ended unexpectedly: .* the log\.$"):
            await hear(transcriber, SPEECH["sonnet"])
        killing.cancel()
        assert caplog.text.count("killed by SIGKILL") == 2

        assert recall(await hear(transcriber), "jfk") >= 0.9


async def test_a_child_that_gives_no_answer_is_killed_and_its_work_goes_on_in_another() -> None:
    stopped: list[int] = []

    def stop() -> None:
        stopped.extend(children())
        to_child(signal.SIGSTOP)

    async with a_transcriber(silence_timeout_s=2) as transcriber:
        assert recall(await hear(transcriber, SPEECH["sonnet"], once(stop)), "sonnet") >= 0.85
        assert not set(stopped) & set(children())


async def test_a_transcription_that_stalls_fails_alone_and_waiting_for_bytes_is_no_stall(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "nothing.mp3")  # nobody will ever write to it
    growing, whole = tmp_path / "jfk.part", asyncio.Event()
    speech = clip(tmp_path, "jfk-sound.webm").read_bytes()
    growing.write_bytes(speech[: len(speech) // 2])
    async with a_transcriber(stall_timeout_s=3) as transcriber:
        bystander = asyncio.create_task(
            transcriber.transcribe(growing, language=None, heard=lambda _: None, whole=whole)
        )
        with pytest.raises(TransientError, match="said nothing for 3 seconds"):
            await hear(transcriber, tmp_path / "nothing.mp3")

        with growing.open("ab") as file:
            file.write(speech[len(speech) // 2 :])
        whole.set()
        assert recall(await bystander, "jfk") >= 0.9


def a_model_that_fails(folder: Path) -> Path:
    """Its sound is cut into more bands than its network takes."""
    (a_model_without("preprocessor_config.json", folder) / "preprocessor_config.json").write_text(
        '{"feature_size": 128}'
    )
    return folder


async def test_what_a_library_says_is_for_the_log_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with a_transcriber(a_model_that_fails(tmp_path)) as transcriber:
        with pytest.raises(TransientError, match=r"^The speech recogniser failed: .* the log\.$"):
            await hear(transcriber)

    assert "128" in caplog.text


async def test_cancelling_one_ends_its_work_and_leaves_the_others_alone(tmp_path: Path) -> None:
    async with a_transcriber() as transcriber:
        begun = asyncio.Event()
        cancelled = asyncio.create_task(hear(transcriber, four_sonnets(tmp_path), lambda _: begun.set()))
        await begun.wait()
        other = asyncio.create_task(hear(transcriber))
        await asyncio.sleep(0)  # it has been sent

        cancelled.cancel()

        assert recall(await other, "jfk") >= 0.9
        [child] = children()
        await until_at_rest(child)


async def test_a_child_is_ended_when_it_has_been_idle_and_not_before() -> None:
    async with a_transcriber(idle_timeout_s=0.3) as transcriber:
        await hear(transcriber)
        [child] = children()
        await hear(transcriber)
        assert children() == [child]

        await until(lambda: not children())


async def test_closing_takes_less_than_a_second_whatever_runs() -> None:
    async with a_transcriber() as transcriber:
        begun = asyncio.Event()
        running = asyncio.create_task(hear(transcriber, SPEECH["sonnet"], lambda _: begun.set()))
        await begun.wait()
        asked = time.monotonic()

        await transcriber.aclose()

        assert time.monotonic() - asked < 1
        assert not children()
        with pytest.raises(TransientError):
            await running
