"""The demo: `python -m sandbox` in a process of its own, and its page in a real browser."""

import asyncio
import json
import os
import signal
import sys
import warnings
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright, expect

from sandbox.demo import sample
from sandbox.demo.page import Page
from sandbox.demo.promises import REACTIONS, STATUSES, broken_promises, share_of_words
from sandbox.demo.screenshot import FLAGS, INSTALL, find_chromium
from sandbox.media import NO_VIDEO, clip, words
from sandbox.worlds import Worlds

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


@pytest.fixture
async def page(worlds: Worlds) -> AsyncIterator[Page]:
    async with Page(worlds, sample.add_links(worlds)) as page:
        yield page


async def test_another_site_cannot_post_through_the_page(worlds: Worlds, page: Page) -> None:
    async with aiohttp.ClientSession() as session:
        fields = {"channel": "audit-process", "content": "https://youtu.be/x"}
        answer = await session.post(f"{page.url}/post", data=fields, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status == 403
    assert worlds.discord.messages("audit-process") == []


async def test_a_second_page_takes_the_next_port(worlds: Worlds, page: Page) -> None:
    async with Page(worlds, {}) as second:
        assert int(second.url.rpartition(":")[2]) > int(page.url.rpartition(":")[2])


@pytest.fixture
async def tab(page: Page) -> AsyncIterator[Tab]:
    """The page in a browser; without one its tests are left out, loudly."""
    chromium = find_chromium()
    if chromium is None:
        warnings.warn(f"the page is untested: {INSTALL}", stacklevel=1)
        pytest.skip(INSTALL)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = await browser.new_page(viewport={"width": 1440, "height": 900})
        faults: list[str] = []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        await tab.goto(page.url)
        yield tab
        await browser.close()
    assert faults == []


without_browser = pytest.mark.filterwarnings("default:the page is untested")


@without_browser
@pytest.mark.usefixtures("bot")
async def test_a_link_posted_on_the_page_is_seen_all_the_way(tab: Tab) -> None:
    await tab.get_by_role("button", name="YouTube", exact=True).click()
    await tab.keyboard.press("Enter")

    await expect(tab.locator(".reactions")).to_have_text("✅ 1", timeout=60_000)
    await expect(tab.locator("tr .chip").first).to_have_text("Complete")
    await expect(tab.locator("#page")).to_contain_text("ask not what your country can do for you")
    await tab.get_by_text("Read").click()
    await expect(tab.locator("#drive pre")).to_contain_text("ask what you can do for your country")


@without_browser
async def test_a_file_is_posted_into_the_chosen_channel(worlds: Worlds, tab: Tab) -> None:
    await tab.get_by_role("button", name="# market-outlook").click()
    await tab.get_by_label("Video or audio file").set_input_files(
        {"name": "a.mp3", "mimeType": "audio/mpeg", "buffer": b"sound"}
    )
    await tab.get_by_role("button", name="Post").click()

    await expect(tab.get_by_role("log")).to_contain_text("a.mp3")
    [message] = worlds.discord.messages("market-outlook")
    assert message["attachments"][0]["content_type"] == "audio/mpeg"


@without_browser
async def test_what_others_wrote_never_becomes_markup(worlds: Worlds, tab: Tab) -> None:
    hostile = '<img src="x" onerror="document.title = 1">'
    worlds.discord.post("audit-process", f"{hostile} [a](javascript:alert) **b**", embeds=[{"title": hostile}])
    worlds.notion.add_page(worlds.audit_database, {"Name": hostile, "ProcessErrors": hostile})
    worlds.drive.made_by_hand(hostile)

    for panel in (".said", ".embed", "#rows", "#page h3", "#drive"):
        await expect(tab.locator(panel).first).to_contain_text(hostile)
    assert await tab.locator("main img, main a[href^='javascript']").count() == 0
    assert await tab.title() == "Auditscribe · sandbox"


@without_browser
async def test_nothing_is_cut_off_on_a_phone(worlds: Worlds, tab: Tab) -> None:
    worlds.notion.add_page(worlds.audit_database, {"Name": "A title " * 9, "URL": f"https://example.com/{'x' * 200}"})
    await tab.set_viewport_size({"width": 375, "height": 812})

    await expect(tab.locator("#page")).to_contain_text("A title")
    assert await tab.evaluate("document.documentElement.scrollWidth") == 375
