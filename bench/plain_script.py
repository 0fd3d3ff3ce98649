"""The same work as somebody would write it in an afternoon: download, transcribe, upload, page; one after the other.

Run as a process: one line of JSON on stdin, as `bench.script.Request` has it, and one back, the moments (by the
monotonic clock) at which each part began and ended. Nothing of ours is used.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import imageio_ffmpeg
from faster_whisper import WhisperModel
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.http import MediaFileUpload
from notion_client import Client
from yt_dlp import YoutubeDL

CHUNK = 8 * 2**20
SHOWN = 2000
"""Characters of a text that Notion takes."""

Json = dict[str, Any]


def main() -> None:
    """Do one video."""
    started = time.monotonic()
    request = json.loads(sys.stdin.readline())
    folder = Path(request["folder"])
    model = WhisperModel(request["model"], compute_type=request["compute_type"], cpu_threads=request["cores"])
    drive = drive_service(request["drive_url"], request["token_file"])
    notion = Client(auth=request["notion_token"], base_url=request["notion_url"])
    times: dict[str, list[float]] = {"start": [started, time.monotonic()]}

    @contextmanager
    def timed(part: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        times[part] = [begun, time.monotonic()]

    with timed("download"):
        info = download(request["url"], folder)
    with timed("transcription"):
        text, srt = transcribe(model, next(folder.glob("video.f*.m4a")))
    with timed("upload"):
        links = upload(drive, info["title"], folder, text, srt)
    with timed("page"):
        write_page(notion, request["database"], info, text, links)
    print(json.dumps(times))  # noqa: T201 (the answer to whoever started it)


def download(url: str, folder: Path) -> Json:
    """Fetch picture and sound and put them into one file; its sound is kept beside it."""
    options: Any = {
        "format": "bv*[height<=720][ext=mp4]+ba[ext=m4a]/b",
        "outtmpl": str(folder / "video.%(ext)s"),
        "keepvideo": True,
        "quiet": True,
        "noprogress": True,
        "ffmpeg_location": imageio_ffmpeg.get_ffmpeg_exe(),
    }
    with YoutubeDL(options) as ydl:
        info: Any = ydl.extract_info(url)
    return {key: info[key] for key in ("id", "title", "webpage_url", "duration")}


def transcribe(model: WhisperModel, audio: Path) -> tuple[str, str]:
    """Return text and subtitles, with the library's defaults."""
    segments = list(model.transcribe(str(audio))[0])
    lines = [
        f"{number}\n{moment(one.start)} --> {moment(one.end)}\n{one.text.strip()}\n"
        for number, one in enumerate(segments, 1)
    ]
    return "\n".join(one.text.strip() for one in segments), "\n".join(lines)


def moment(seconds: float) -> str:
    """Return a time as subtitles have it."""
    whole = int(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02},{int(seconds % 1 * 1000):03}"


def drive_service(url: str, token_file: str) -> Any:
    """Return Google's own client, led to the sandbox."""
    document = json.loads(get_static_doc("drive", "v3"))
    document["rootUrl"] = f"{url}/"
    document.pop("mtlsRootUrl", None)
    load: Callable[[str], Any] = Credentials.from_authorized_user_file
    return build_from_document(document, credentials=load(token_file))


def upload(drive: Any, title: str, folder: Path, text: str, srt: str) -> dict[str, str]:
    """Put everything into one folder; return the links by the files' names."""
    (folder / "transcript.txt").write_text(text)
    (folder / "transcript.srt").write_text(srt)
    parent = drive.files().create(body={"name": title, "mimeType": "application/vnd.google-apps.folder"}).execute()
    audio = next(folder.glob("video.f*.m4a")).rename(folder / "audio.m4a")
    links = {}
    for path in (folder / "video.mp4", audio, folder / "transcript.txt", folder / "transcript.srt"):
        media = MediaFileUpload(str(path), mimetype="application/octet-stream", chunksize=CHUNK, resumable=True)
        body = {"name": path.name, "parents": [parent["id"]]}
        sending = drive.files().create(body=body, media_body=media, fields="id,webViewLink")
        answer = None
        while answer is None:
            _, answer = sending.next_chunk()
        links[path.name] = answer["webViewLink"]
    return links


def write_page(notion: Client, database: str, info: Json, text: str, links: dict[str, str]) -> None:
    """Make the video's page."""
    table: Any = notion.databases.retrieve(database)
    properties = {
        "Name": {"title": [{"text": {"content": info["title"]}}]},
        "Video ID": {"rich_text": [{"text": {"content": info["id"]}}]},
        "URL": {"url": info["webpage_url"]},
        "Video FIle Link": {"url": links["video.mp4"]},
        "Audio File Link": {"url": links["audio.m4a"]},
        "Transcript": {"rich_text": [{"text": {"content": text[:SHOWN]}}]},
        "Transcript Process Status": {"select": {"name": "Complete"}},
        "Lenght min": {"number": info["duration"] / 60},
    }
    parent = {"type": "data_source_id", "data_source_id": table["data_sources"][0]["id"]}
    notion.pages.create(parent=parent, properties=properties)


if __name__ == "__main__":
    main()
