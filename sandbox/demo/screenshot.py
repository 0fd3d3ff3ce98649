"""Pictures of the demo's page, for the README."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.async_api import Page as Tab

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""Works as root too, and asks nobody but the page."""
INSTALL = "no Chromium found: install one (Debian: apt install chromium fonts-noto-color-emoji) or set CHROMIUM"


def find_chromium() -> str | None:
    """Return where Chromium is: what CHROMIUM names, else a usual name on the PATH."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


async def take(url: str, target: Path) -> None:
    """Save a picture of the page, as high as a message with its card; raise FileNotFoundError without a Chromium."""
    async with opened(url) as tab:
        await tab.set_viewport_size({"width": 1440, "height": 940})
        await tab.wait_for_timeout(1500)  # until the players have stopped turning
        await tab.screenshot(path=target)


@asynccontextmanager
async def opened(url: str, scale: float = 1) -> AsyncIterator["Tab"]:
    """The page in a browser, `scale` pixels for each of its own; raise FileNotFoundError without a Chromium."""
    from playwright.async_api import async_playwright  # noqa: PLC0415 (slow, and only pictures need it)

    chromium = find_chromium()
    if chromium is None:
        raise FileNotFoundError(INSTALL)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = await browser.new_page(viewport={"width": 1440, "height": 900}, device_scale_factor=scale)
        await tab.goto(url)
        await tab.wait_for_selector("[data-live]")
        yield tab
        await browser.close()
