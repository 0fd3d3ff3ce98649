"""The bot's dashboard as pictures, with videos in every part of it."""

from functools import partial
from pathlib import Path

from sandbox.demo.screenshot import opened
from sandbox.demo.watch import until
from sandbox.site.youtube import Case
from sandbox.worlds import Worlds

CHANNEL = "audit-process"
ENDED: dict[str, Case] = {
    "Inaugural Address, 20 January 1961": "ok",
    "We choose to go to the Moon": "ok",
    "The President and the Press": "ok",
    "A video that is no more": "removed",
    "City on a Hill": "ok",
    "Commencement Address at Yale": "ok",
}
"""Enough of them for the time left of a further one."""
UNDER_WAY = ("Ich bin ein Berliner", "A strategy of peace", "Address to the Houston Ministers")
SLOW = 12_000.0
"""Bytes a second of a site at which a download lasts as long as the pictures."""
WITHIN_S = 120.0


async def take(worlds: Worlds, url: str, folder: Path) -> None:
    """Save `dashboard.png` and `dashboard-phone.png` into a folder. The bot has one worker, so that videos wait.

    Raises:
        FileNotFoundError: there is no Chromium.
        TimeoutError: the videos do not end.
    """
    async with opened(url, scale=2) as tab:
        for title, case in ENDED.items():
            await until(worlds, partial(_has_ended, worlds, _post(worlds, title, case)), WITHIN_S)
        worlds.site.bytes_per_second = SLOW
        for title in UNDER_WAY:
            _post(worlds, title, "ok")
        await tab.locator("#running progress").wait_for(timeout=1000 * WITHIN_S)
        await tab.locator("#running summary").click()
        await tab.set_viewport_size({"width": 1100, "height": 900})
        await tab.screenshot(path=folder / "dashboard.png")
        await tab.set_viewport_size({"width": 375, "height": 812})
        await tab.emulate_media(color_scheme="dark")
        await tab.screenshot(path=folder / "dashboard-phone.png")


def _has_ended(worlds: Worlds, message_id: str) -> bool:
    return bool({"✅", "❌"} & worlds.discord.reactions_on(message_id).keys())


def _post(worlds: Worlds, title: str, case: Case) -> str:
    """Post a YouTube video that nobody has posted before; return the message's id."""
    video = worlds.site.add_youtube(f"dashboard{len(worlds.site.youtube):02}", title=title, case=case)
    return str(worlds.discord.post(CHANNEL, f"https://youtu.be/{video.id}")["id"])
