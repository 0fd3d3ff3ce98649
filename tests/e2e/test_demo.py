"""The demo: `python -m sandbox` in a process of its own."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo import sample
from sandbox.demo.promises import REACTIONS, STATUSES, broken_promises, share_of_words
from sandbox.media import NO_VIDEO, clip, words

ROOT = Path(__file__).parents[2]
A_REAL_ACCOUNT = {
    "DISCORD_TOKEN": "real",
    "NOTION_API_URL": "http://127.0.0.1:9",
    "STORAGE": "local",
    "HTTP_PROXY": "http://127.0.0.1:9",
}
"""What may stand in anyone's environment, and must not reach the demo."""


async def demo(folder: Path, *arguments: str) -> Process:
    """Start the demo with `folder` as its home, working directory and place for temporary files."""
    (folder / ".env").write_text("NOTION_TOKEN=real\nWORKERS=0\n")
    mine = {"PYTHONPATH": str(ROOT), "HOME": str(folder), "TMPDIR": str(folder)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", *arguments),
        cwd=folder,
        env={**os.environ, **A_REAL_ACCOUNT, **mine},
        stdout=PIPE,
        stderr=PIPE,
    )


def left_behind(folder: Path) -> list[Path]:
    return list(folder.glob("auditscribe-*"))


async def test_the_sample_becomes_all_that_is_promised(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--once", "--json")
    out, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    told = json.loads(out.decode().splitlines()[-1])
    assert told["statuses"] == STATUSES
    assert told["reactions"] == REACTIONS
    assert told["page"]["Transcript Process Status"] == "Complete"
    assert {"name", "bytes", "md5"} == told["files"][0].keys()
    assert share_of_words(told["transcript"], words("jfk")) >= 0.9
    assert told["spec_checked"] > 20 or b"UNCHECKED" in err
    assert told["spec_violations"] == 0
    assert b"\x1b" not in out + err
    assert left_behind(tmp_path) == []


async def test_what_was_not_as_promised_is_said_in_words(tmp_path: Path) -> None:
    process = await demo(tmp_path, "--once", "--post", str(clip(tmp_path, NO_VIDEO)))
    _, err = await process.communicate()

    assert process.returncode == 1
    assert "The page tells of an error: Error in video processing" in err.decode()
    assert "Drive lacks transcript.srt, transcript.txt." in err.decode()


async def test_ctrl_c_ends_the_demo_and_leaves_nothing_behind(tmp_path: Path) -> None:
    process = await demo(tmp_path)
    assert process.stdout
    while b"Transcribing" not in await process.stdout.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()

    assert process.returncode == 0, err.decode()
    assert left_behind(tmp_path) == []


A_POST = sample.Post("a.mp4", b"video", "video/mp4", "ask not what", patience_s=1)
AS_PROMISED: dict[str, Any] = {
    "statuses": STATUSES,
    "reactions": REACTIONS,
    "page": {"Name": "a", "ProcessErrors": "", "Video FIle Link": "v", "Audio File Link": "a"},
    "files": [
        {"name": "video.mp4", "md5": "421b47ffd946ca083b65cd668c6b17e6"},
        {"name": "transcript.txt", "md5": ""},
        {"name": "transcript.srt", "md5": ""},
    ],
    "transcript": "Ask not – what?",
    "spec_violations": 0,
}


def test_nothing_is_said_of_what_is_as_promised() -> None:
    assert list(broken_promises(AS_PROMISED, A_POST)) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"statuses": STATUSES[1:]}, "The page's statuses were Downloading, "),
        ({"reactions": []}, "The message's reactions were none instead of 👀, "),
        ({"page": {}}, "There is no page"),
        ({"page": AS_PROMISED["page"] | {"Name": ""}}, "The page has nothing in Name."),
        ({"page": AS_PROMISED["page"] | {"Audio File Link": None}}, "The page has nothing in Audio File Link."),
        ({"files": AS_PROMISED["files"][:2]}, "Drive lacks transcript.srt."),
        ({"files": [{"name": "video.mp4", "md5": "0"}, *AS_PROMISED["files"][1:]]}, "None of the files in Drive has"),
        ({"transcript": "ask"}, "The transcript has 33% of the spoken words"),
        ({"spec_violations": 2}, "2 requests or answers break"),
    ],
)
def test_each_broken_promise_has_its_sentence(change: dict[str, Any], sentence: str) -> None:
    [said] = broken_promises(AS_PROMISED | change, A_POST)

    assert said.startswith(sentence)
