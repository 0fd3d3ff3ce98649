"""Sound that is read while its file is still written."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from faster_whisper.audio import decode_audio
from faster_whisper.vad import get_vad_model

from sandbox.media import SPEECH, clip
from sandbox.model import tiny_en
from services.clients.recogniser.refusal import RefusedError
from services.clients.recogniser.sound import RATE, Sound, growing_sound, whole_sound
from services.clients.recogniser.speech import WINDOW, SpeechDetector, windows_of
from services.clients.whisper import NotYetReadableError, WhisperTranscriber

JFK_S = 11


class Download:
    """A file that grows as it is told to."""

    def __init__(self, folder: Path, source: Path) -> None:
        self.path = folder / "download.part"
        self.whole = threading.Event()
        self._bytes = source.read_bytes()
        self._written = 0
        self._place = self.path
        self.path.touch()

    def grow_to(self, share: float) -> None:
        end = int(len(self._bytes) * share)
        with self._place.open("ab") as file:
            file.write(self._bytes[self._written : end])
        self._written = end

    def lose_name(self) -> None:
        """As by yt-dlp, which gives the file another one when it has all bytes."""
        self._place = self.path.rename(self.path.with_name("download"))

    def finish(self) -> None:
        self.grow_to(1)
        self.whole.set()

    def sound(self) -> Iterator[Sound]:
        return growing_sound(self.path, self.whole, self._wait)

    def _wait(self) -> None:
        """More comes whenever it is waited for."""
        if self._written == len(self._bytes):
            return self.finish()
        return self.grow_to(min(self._written / len(self._bytes) + 0.1, 1))


@pytest.mark.parametrize("name", ["jfk-sound.webm", "jfk.webm", "jfk.m4a", "jfk.mp4", "jfk-fragmented.mp4", "jfk.wav"])
def test_sound_of_a_file_that_grows_is_that_of_the_whole_file_and_comes_before_its_end(
    tmp_path: Path, name: str
) -> None:
    source = SPEECH["jfk"] if name == "jfk.wav" else clip(tmp_path, name)
    download = Download(tmp_path, source)

    blocks, came_early = [], False
    for block in download.sound():
        came_early = came_early or not download.whole.is_set()
        blocks.append(block)

    assert came_early
    assert max(len(block) for block in blocks) < RATE
    whole = np.concatenate(list(whole_sound(source)))
    assert len(whole) == pytest.approx(JFK_S * RATE, abs=RATE / 4)
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


@pytest.mark.parametrize("name", ["jfk-sound.webm", "jfk.m4a", "jfk.mp4"])
def test_sound_in_blocks_is_that_of_the_file_decoded_and_resampled_at_once(tmp_path: Path, name: str) -> None:
    blocks = list(whole_sound(clip(tmp_path, name)))

    at_once = decode_audio(str(clip(tmp_path, name)))
    np.testing.assert_allclose(np.concatenate(blocks), at_once, atol=1 / 2**14)
    assert all(len(block) == pytest.approx(RATE / 2, rel=0.1) for block in blocks[1:-2])


@pytest.mark.parametrize("first", [0.5, 0.0])
def test_an_mp4_with_its_index_at_the_end_is_refused_as_soon_as_its_first_bytes_are_there(
    tmp_path: Path, first: float
) -> None:
    download = Download(tmp_path, clip(tmp_path, "jfk-plain.mp4"))
    download.grow_to(first)

    with pytest.raises(RefusedError, match="while it grows") as refusal:
        next(download.sound())

    assert refusal.value.kind == "not yet"
    assert not download.whole.is_set()


def test_what_may_be_no_sound_at_all_is_refused_until_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "no.mp3").write_bytes(b"no sound at all" * 99)

    with pytest.raises(RefusedError) as refusal:
        list(Download(tmp_path, tmp_path / "no.mp3").sound())
    assert refusal.value.kind == "not yet"

    with pytest.raises(RefusedError) as refusal:
        list(whole_sound(tmp_path / "no.mp3"))
    assert refusal.value.kind == "permanent"


def test_damage_is_left_out_of_a_whole_file_and_makes_one_that_grows_unreadable(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.m4a"
    speech = bytearray(clip(tmp_path, "jfk.m4a").read_bytes())
    speech[len(speech) // 2 : len(speech) // 2 + 3000] = b"\xff" * 3000
    damaged.write_bytes(speech)

    assert 0.8 * JFK_S * RATE < sum(map(len, whole_sound(damaged))) < 1.1 * JFK_S * RATE
    with pytest.raises(RefusedError) as refusal:
        list(Download(tmp_path, damaged).sound())
    assert refusal.value.kind == "not yet"


def test_speech_is_as_probable_bit_by_bit_as_in_the_whole_sound() -> None:
    sound = np.concatenate(list(whole_sound(SPEECH["jfk"])))
    sound = sound[: len(sound) // WINDOW * WINDOW]
    detect = SpeechDetector()

    bit_by_bit = [detect(windows) for windows in windows_of(np.array_split(sound, 9))]

    assert sum(map(len, bit_by_bit)) == len(sound) // WINDOW
    at_once = get_vad_model()(sound.copy()).reshape(-1)  # it wipes out the last samples
    np.testing.assert_allclose(np.concatenate(bit_by_bit)[:-1], at_once[:-1], atol=1e-4)


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


@asynccontextmanager
async def a_transcriber() -> AsyncIterator[WhisperTranscriber]:
    transcriber = WhisperTranscriber(model=str(tiny_en()), compute_type="int8")
    try:
        yield transcriber
    finally:
        await transcriber.aclose()


class Hearing:
    """A transcription of a file that grows."""

    def __init__(self, transcriber: WhisperTranscriber, path: Path) -> None:
        self.whole = asyncio.Event()
        self.words = asyncio.Event()
        self.told: list[float] = []
        self.task = asyncio.create_task(transcriber.transcribe(path, language=None, heard=self._hear, whole=self.whole))

    def _hear(self, until_s: float) -> None:
        self.told.append(until_s)
        if until_s:
            self.words.set()


async def test_words_are_heard_while_the_file_grows_and_its_end_when_it_is_whole_and_has_another_name(
    tmp_path: Path,
) -> None:
    download = Download(tmp_path, clip(tmp_path, "sonnet-sound.webm"))
    download.grow_to(0.75)
    async with a_transcriber() as transcriber:
        hearing = Hearing(transcriber, download.path)
        await hearing.words.wait()
        assert not hearing.task.done()

        download.lose_name()
        download.finish()
        hearing.whole.set()
        transcript = await hearing.task

    assert "eat the world" in transcript.text.lower()
    assert transcript.segments[-1].end == pytest.approx(52, abs=3)


async def test_all_in_a_child_that_dies_go_on_in_another_from_where_they_were_though_the_name_is_gone(
    tmp_path: Path,
) -> None:
    (tmp_path / "other").mkdir()
    sonnet = Download(tmp_path, clip(tmp_path, "sonnet-sound.webm"))
    jfk = Download(tmp_path / "other", clip(tmp_path, "jfk-sound.webm"))
    sonnet.grow_to(0.75)
    jfk.grow_to(0.5)
    async with a_transcriber() as transcriber:
        hearings = [Hearing(transcriber, download.path) for download in (sonnet, jfk)]
        await hearings[0].words.wait()
        for download in (sonnet, jfk):
            download.lose_name()

        [child] = children()
        os.kill(child, signal.SIGKILL)
        for download, hearing in zip((sonnet, jfk), hearings, strict=True):
            download.finish()
            hearing.whole.set()
        whole_sonnet, whole_jfk = [await hearing.task for hearing in hearings]

    assert "country" in whole_jfk.text
    assert "eat the world" in whole_sonnet.text.lower()
    for transcript, hearing in zip((whole_sonnet, whole_jfk), hearings, strict=True):
        starts = [segment.start for segment in transcript.segments]
        assert starts == sorted(set(starts))
        assert hearing.told == sorted(hearing.told)


async def test_cancelling_one_that_waits_for_bytes_leaves_the_others_alone(tmp_path: Path) -> None:
    failed, jfk = Download(tmp_path, clip(tmp_path, "sonnet-sound.webm")), clip(tmp_path, "jfk-sound.webm")
    failed.grow_to(0.1)
    async with a_transcriber() as transcriber:
        cancelled = Hearing(transcriber, failed.path)
        other = asyncio.create_task(transcriber.transcribe(jfk, language=None, heard=lambda _: None))
        while not children():
            await asyncio.sleep(0.01)
        cancelled.task.cancel()

        assert "country" in (await other).text


@pytest.mark.parametrize("name", ["jfk-plain.mp4", None])
async def test_a_file_that_cannot_be_read_yet_is_named_so(tmp_path: Path, name: str | None) -> None:
    path = clip(tmp_path, name) if name else tmp_path / "absent.part"
    async with a_transcriber() as transcriber:
        with pytest.raises(NotYetReadableError):
            await Hearing(transcriber, path).task
