"""The dashboard of a bot at work, in a real browser on a phone, by keyboard alone; its metrics and its health."""

import asyncio
import re
import warnings
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Page as Tab
from playwright.async_api import async_playwright, expect
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse

from bot.dashboard.door import Door
from bot.dashboard.pages import Dashboard
from bot.http import Http
from sandbox.demo.screenshot import FLAGS, INSTALL, find_chromium
from sandbox.server import Fault
from sandbox.worlds import Worlds
from services.overview import Overview
from services.store import JobStore
from tests.builders import a_job
from tests.e2e.conftest import StartBot
from tests.e2e.observing import STAGES, job_id

HOSTILE = "<img src=x onerror=alert(1)> & <b>more</b>"
FIVE_SECONDS = 40_000
"""Bytes a second of a download that is seen on its way."""
CONTRASTS = """() => {
  const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => parts(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const ground = (node) => {
    for (let one = node; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if ((parts(colour)[3] ?? 1) > 0) return light(colour);
    }
    return 1;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const seen = [];
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !node.checkVisibility()) continue;
    const [high, low] = [light(getComputedStyle(node).color), ground(node)].sort((a, b) => b - a);
    seen.push((high + 0.05) / (low + 0.05));
  }
  return seen;
}"""
"""The contrast of each visible text with what is behind it, as WCAG 2.2 reckons it (1.4.3)."""


@pytest.fixture
async def tab() -> AsyncIterator[Tab]:
    """A phone's browser; without any its tests are left out, loudly."""
    chromium = find_chromium()
    if chromium is None:
        warnings.warn(f"the dashboard is untested: {INSTALL}", stacklevel=1)
        pytest.skip(INSTALL)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        tab = await browser.new_page(viewport={"width": 375, "height": 812})
        faults: list[str] = []
        tab.on("pageerror", lambda error: faults.append(str(error)))
        tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
        yield tab
        await browser.close()
    assert faults == []


async def tab_to(tab: Tab, target: str) -> None:
    """Press Tab until something has the focus."""
    for _ in range(30):
        await tab.keyboard.press("Tab")
        if await tab.locator(target).evaluate("node => node === document.activeElement"):
            return
    raise AssertionError(f"the keyboard does not reach {target}")


async def read(url: str, **headers: str) -> tuple[int, str, Any]:
    async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as answer:
        return answer.status, answer.headers["Content-Type"], await answer.text()


@pytest.mark.filterwarnings("default:the dashboard is untested")
@pytest.mark.long
async def test_a_job_is_seen_from_waiting_to_complete_on_a_phone_by_keyboard_without_a_reload(
    worlds: Worlds, start_bot: StartBot, tab: Tab, port: int
) -> None:
    url = f"http://127.0.0.1:{port}"
    worlds.site.slow["/clips/jfk.mp4"] = FIVE_SECONDS
    async with start_bot(WORKERS="1", PORT=str(port)):
        await tab.goto(url)
        await tab.evaluate("window.mark = 'not loaded again'")
        await expect(tab.locator("#link")).to_have_text("Live")
        worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
        await expect(tab.locator("#running .state")).to_have_text(re.compile(r"^Downloading · \d+%"), timeout=30_000)
        video = worlds.site.add_youtube("dashboard01", title=HOSTILE)
        post = worlds.discord.post("audit-process", f"https://youtu.be/{video.id}")

        await expect(tab.locator("#waiting .state")).to_have_text("Number 1 in line")
        job = f"#job-{job_id(worlds, post)}"
        await tab_to(tab, f"{job} summary")
        await tab.keyboard.press("Enter")
        await expect(tab.locator(f"{job} .more")).to_be_visible()
        metrics_while_busy = (await read(f"{url}/metrics"))[2]
        await expect(tab.locator(f"#running {job}")).to_be_visible(timeout=60_000)
        await expect(tab.locator(f"#ended {job} .state")).to_have_text("Complete", timeout=60_000)
        await expect(tab.locator("#news")).to_contain_text("Complete")

        assert await tab.evaluate("window.mark") == "not loaded again"
        assert await tab.locator(f"{job} summary").evaluate("node => node === document.activeElement")
        assert [
            await one.get_attribute("data-stage") for one in await tab.locator(f"{job} .timeline li").all()
        ] == STAGES
        await expect(tab.locator(f"{job} .timeline .took:not([data-since])").nth(1)).to_have_text(re.compile(r"\d+ s"))
        await expect(tab.locator(f"{job} .title")).to_have_text(HOSTILE)
        await tab.keyboard.press("Tab")
        assert await tab.evaluate("document.activeElement.textContent") == "Message"
        assert await tab.evaluate("document.documentElement.scrollWidth") == 375
        for scheme in ("light", "dark"):
            await tab.emulate_media(color_scheme=scheme)
            assert min(await tab.evaluate(CONTRASTS)) >= 4.5

        await the_metrics_tell(url, metrics_while_busy)
        assert (await read(f"{url}/healthz"))[0] == 200
        worlds.discord.faults.append(Fault("GET", "^/$", 503, body={}, times=1000))  # nor does it let the bot in again
        worlds.discord.drop_gateway()
        await the_health_tells(url)


async def the_metrics_tell(url: str, while_busy: str) -> None:
    status, kind, text = await read(f"{url}/metrics")
    assert (status, kind.partition(";")[0]) == (200, "text/plain")
    now = {(one.name, *sorted(one.labels.items())): one.value for family in parse(text) for one in family.samples}
    busy = {
        (one.name, *sorted(one.labels.items())): one.value for family in parse(while_busy) for one in family.samples
    }

    assert now["auditscribe_jobs_ended_total", ("end", "succeeded"), ("stage", "Complete")] == 2
    for stage in STAGES:
        assert now["auditscribe_stage_duration_seconds_count", ("outcome", "done"), ("stage", stage)] == 2
    assert busy["auditscribe_jobs", ("status", "queued")] == 1
    assert busy["auditscribe_queue_oldest_seconds",] > 0
    assert now["auditscribe_jobs", ("status", "queued")] == 0
    assert now["auditscribe_queue_oldest_seconds",] == 0
    assert now["auditscribe_requests_total", ("outcome", "200"), ("service", "notion")] > 5
    assert now["auditscribe_requests_total", ("outcome", "200"), ("service", "discord")] > 5
    assert now["auditscribe_event_loop_lag_seconds_count",] > 10
    assert now["auditscribe_children_resident_bytes", ("program", "recogniser")] > 10e6
    _, kind, text = await read(f"{url}/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert kind.startswith("application/openmetrics-text")
    families = parse_openmetrics(text)  # type: ignore[no-untyped-call]  # the client's own parser has no types
    assert "auditscribe_retries" in [family.name for family in families]


async def the_health_tells(url: str) -> None:
    """With Discord gone the bot is not ready, and nobody has to start it again."""
    async with asyncio.timeout(5):
        while (await read(f"{url}/healthz/ready"))[0] != 503:
            await asyncio.sleep(0.02)
    assert (await read(f"{url}/healthz/live"))[0] == 200


@pytest.mark.filterwarnings("default:the dashboard is untested")
async def test_the_token_is_given_once_by_keyboard_and_then_the_page_is_live(store: JobStore, tab: Tab) -> None:
    dashboard = Dashboard(Overview(store, "tiny.en"), Door("0.0.0.0", "s3cret"))  # noqa: S104 (it is only told so)
    async with Http("127.0.0.1", 0, dashboard.routes()) as http:
        await tab.goto(http.url)
        await expect(tab.get_by_label("DASHBOARD_TOKEN")).to_be_focused()
        await tab.keyboard.type("s3cret")
        await tab.keyboard.press("Enter")
        await expect(tab.locator("#link")).to_have_text("Live")
        assert "s3cret" not in tab.url

        await store.add(a_job())
        dashboard.notice(a_job())
        await expect(tab.locator("#waiting .state")).to_have_text("Number 1 in line")
        assert await tab.evaluate("document.documentElement.scrollWidth") == 375
        await dashboard.aclose()
