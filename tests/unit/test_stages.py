"""Rules of single stages."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.clients.local_storage import LocalStorage
from services.jobs.job import Artifacts
from services.media import Heard, Media, MediaFile, Transcript
from services.pipeline.download import is_on_disk
from services.pipeline.transcribe import Transcribe
from services.pipeline.upload import Upload
from tests.builders import ROUTE, a_job, a_metadata, a_transcript, finished_artifacts, some_media


@dataclass
class FakeTranscriber:
    """Hears one word, and remembers which language it was told."""

    told: list[str | None] = field(default_factory=list)

    async def transcribe(self, audio: Path, *, language: str | None, heard: Heard) -> Transcript:
        self.told.append(language)
        heard(1.0)
        return a_transcript("hello")


@pytest.mark.defect("language forced to English")
@pytest.mark.parametrize(
    ("of_route", "of_settings", "told"),
    [(None, None, None), (None, "de", "de"), ("sr", "de", "sr"), ("sr", None, "sr")],
)
async def test_the_language_is_the_routes_or_the_settings_or_detected(
    tmp_path: Path, of_route: str | None, of_settings: str | None, told: str | None
) -> None:
    transcriber = FakeTranscriber()
    job = a_job(route=replace(ROUTE, language=of_route), artifacts=Artifacts(media=some_media(tmp_path)))

    await Transcribe(transcriber, of_settings).run(job, lambda _: None)  # type: ignore[arg-type]  # a fake

    assert transcriber.told == [told]


async def test_without_sound_nothing_is_asked_of_the_recogniser(tmp_path: Path) -> None:
    transcriber = FakeTranscriber()
    media = replace(some_media(tmp_path), audio=None)

    artifacts = await Transcribe(transcriber, None).run(  # type: ignore[arg-type]  # a fake
        a_job(artifacts=Artifacts(media=media)), lambda _: None
    )

    assert artifacts.transcript == Transcript((), None, None)
    assert transcriber.told == []


async def test_an_upload_fills_one_folder_and_its_progress_only_grows(tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    workdir.mkdir()
    artifacts = replace(finished_artifacts(workdir), metadata=a_metadata(title="A/B: über?"), stored=None)
    told: list[float] = []

    done = await Upload(LocalStorage(tmp_path / "files"), ZoneInfo("UTC")).run(
        a_job(artifacts=artifacts), workdir, told.append
    )

    [folder] = [path for path in (tmp_path / "files").iterdir() if path.is_dir()]
    assert folder.name.startswith("1961-01-20 - A")
    files = {path.name: path.read_text() for path in folder.iterdir() if not path.name.startswith(".")}
    assert files == {
        "video.mp4": "video.mp4",
        "audio.m4a": "audio.m4a",
        "transcript.txt": "Ask not.\n",
        "transcript.srt": "1\n00:00:00,000 --> 00:00:01,000\nAsk not.\n",
    }
    assert done.stored is not None
    assert done.stored.video is not None
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_a_download_counts_only_while_its_files_are_there_and_whole(tmp_path: Path) -> None:
    media = some_media(tmp_path)
    cut = Media(MediaFile(tmp_path / "video.mp4", 10_000), None, 1.0)

    assert is_on_disk(media)
    assert not is_on_disk(cut)
    assert not is_on_disk(None)
    (tmp_path / "audio.m4a").unlink()
    assert not is_on_disk(media)
