"""Words that mean harm, through the whole house: into the card, the page, the folder's name, the log."""

import re

import pytest

from sandbox.server import Fault
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from services.words import readable, utf16_units
from tests.e2e.deeds import post_file
from tests.e2e.observing import audited, card, folder_names
from tests.hostile import PIECES
from tests.secret_scan import SecretScan

pytestmark = pytest.mark.usefixtures("bot")

TITLE = " ".join(["@everyone", "../../etc/passwd", "\0\u202e4pm.exe\ud83d", *PIECES])
CONTENT = "@everyone <@1> <@&2> ||x|| ```y``` \0\u202e\n# z"
DEAD = re.compile(r"\\[\\*_~`|<>\[\]()#:@.]")
"""What does nothing in Discord."""


def alive(text: str) -> str:
    return DEAD.sub("", text)


async def test_a_title_and_a_name_that_mean_harm_are_words_everywhere(worlds: Worlds, secret_scan: SecretScan) -> None:
    worlds.site.add_youtube(JFK, title=TITLE, channel=TITLE)
    poster = worlds.discord.add_member("@everyone **[x](https://evil.example)**")
    message = worlds.discord.post("audit-process", f"{CONTENT} https://youtu.be/{JFK}", author=poster)

    [page_id] = await audited(worlds, message)

    shown = card(worlds, message)["embeds"][0]
    assert not set(alive(shown["title"])) & set("*_~`|<>[]()#:@\n\u202e")
    assert utf16_units(shown["title"]) <= 256
    page = worlds.notion.page_values(page_id)
    assert page["Name"] == f"YouTube Video: {readable(TITLE)}"[: len(page["Name"])]
    assert page["Content"] == f"{readable(CONTENT)} https://youtu.be/{JFK}"
    assert page["Author"] == "@everyone **[x](https://evil.example)**"
    [folder] = folder_names(worlds)
    assert len(folder.encode()) <= 255
    assert folder.startswith("2026-01-20 - @everyone ..-..-etc-passwd 4pm.exe")
    assert not set(folder) & set("/\\\0\n\u202e")
    assert not any("\n" in line.partition("Traceback")[0] for line in secret_scan.lines)


async def test_an_error_that_carries_secrets_is_told_without_them(worlds: Worlds) -> None:
    said = "No @everyone\n**x** Authorization: Bearer SECRET1234 https://x.example/f?a=1&signature=SECRET"
    refusal = {"error": {"code": 400, "message": said, "errors": [{"reason": "badRequest", "message": said}]}}
    worlds.drive.faults.append(Fault("POST", "^/drive/v3/files", 400, body=refusal, times=99))
    message = post_file(worlds)

    [page_id] = await audited(worlds, message)

    shown = card(worlds, message)["embeds"][0]["description"]
    error = worlds.notion.page_values(page_id)["ProcessErrors"]
    assert "Google Drive refused the request: No" in error
    assert "SECRET" not in error + shown
    assert "@" not in alive(shown)
