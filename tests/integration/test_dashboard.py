"""Rules of who may look at the dashboard and what is told there: the real server, a real ledger, no bot."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from bot.dashboard.door import COOKIE, Door
from bot.dashboard.pages import SHOWN, Dashboard
from bot.health import Health
from bot.http import Http
from bot.metrics import Metrics, MetricsPage
from services.jobs.job import Job, Stage
from services.overview import Overview
from services.recorder import Recorder
from services.schema import jobs, row_of
from services.store import JobStore
from tests.builders import NOON, a_job, an_origin

TOKEN = "ein Schlüssel & mehr"
GUARDED = ("/", "/events", "/metrics")

Json = dict[str, Any]
Serve = Callable[..., AbstractAsyncContextManager[aiohttp.ClientSession]]


@pytest.fixture
def dashboard(store: JobStore) -> Dashboard:
    """Of a server on loopback without a token."""
    return Dashboard(Overview(store, "tiny.en"), Door("127.0.0.1", None))


@pytest.fixture
def serve(store: JobStore) -> Serve:
    """Returns a context manager of a browser at a server, that thinks that it listens on `host`."""

    @asynccontextmanager
    async def served(
        host: str = "127.0.0.1", token: str | None = None, dashboard: Dashboard | None = None
    ) -> AsyncIterator[aiohttp.ClientSession]:
        overview, door = Overview(store, "tiny.en"), Door(host, token)
        dashboard = dashboard or Dashboard(overview, door)
        metrics = MetricsPage(Metrics(lambda: NOON), overview, door)
        routes = [*dashboard.routes(), *metrics.routes(), *Health(lambda: True, store).routes()]
        jar = aiohttp.CookieJar(unsafe=True)  # which takes cookies of addresses, too
        async with Http("127.0.0.1", 0, routes) as http, aiohttp.ClientSession(http.url, cookie_jar=jar) as session:
            yield session
            await dashboard.aclose()

    return served


async def status(session: aiohttp.ClientSession, path: str, **headers: str) -> int:
    async with session.get(path, headers=headers, allow_redirects=False) as answer:
        return answer.status


async def test_on_loopback_everyone_on_this_machine_may_look(serve: Serve) -> None:
    async with serve() as browser:
        assert [await status(browser, path) for path in GUARDED] == [200, 200, 200]


@pytest.mark.parametrize("host", ["rebound.example.com", "localhost.example.com:80", "[::1", "10.0.0.1"])
async def test_a_name_that_somebody_else_leads_to_loopback_shows_nothing(serve: Serve, host: str) -> None:
    async with serve() as browser:
        assert [await status(browser, path, Host=host) for path in GUARDED] == [403, 403, 403]


async def test_elsewhere_nobody_looks_without_a_token_and_health_is_told_all_the_same(serve: Serve) -> None:
    async with serve("0.0.0.0") as browser:  # noqa: S104 (it is told so, and listens on loopback)
        assert [await status(browser, path) for path in GUARDED] == [403, 403, 403]
        assert await status(browser, "/healthz/live") == 200


async def test_a_token_is_asked_of_programs_and_a_browser_is_led_to_the_form(serve: Serve) -> None:
    async with serve("0.0.0.0", "s3cret") as browser:  # noqa: S104 (the same)
        assert [await status(browser, path) for path in GUARDED] == [401, 401, 401]
        assert await status(browser, "/metrics", Authorization="Bearer s3cret") == 200
        assert await status(browser, "/metrics", Authorization="Bearer s3cre") == 401
        async with browser.get("/", headers={"Accept": "text/html"}) as form:
            assert form.url.path == "/login"
            assert "DASHBOARD_TOKEN" in await form.text()


async def test_a_form_exchanges_the_token_for_a_cookie_that_scripts_cannot_read(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with serve("0.0.0.0", TOKEN) as browser:  # noqa: S104 (the same)
        async with browser.post("/login", data={"token": "a guess"}) as refused:
            assert (refused.status, COOKIE in refused.cookies) == (403, False)
            assert "not the token" in await refused.text()
        async with browser.post("/login", data={"token": TOKEN}, allow_redirects=False) as given:
            assert (given.status, given.headers["Location"]) == (303, "/")
            cookie = given.cookies[COOKIE]
        assert [await status(browser, path) for path in GUARDED] == [200, 200, 200]

    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert TOKEN not in caplog.text + cookie.value


async def test_an_address_with_the_token_leads_to_one_without(serve: Serve) -> None:
    async with serve("0.0.0.0", TOKEN) as browser:  # noqa: S104 (the same)
        async with browser.get("/", params={"token": TOKEN}) as page:
            assert (page.status, str(page.url.relative()), len(page.history)) == (200, "/", 1)
        assert await status(browser, "/events") == 200


@pytest.mark.parametrize("cookie", ["", "x", "9999999999.", "9999999999.ff", "1.{signature}", "²³.x", "9" * 5000])
async def test_a_cookie_that_the_bot_did_not_give_or_that_is_too_old_opens_nothing(serve: Serve, cookie: str) -> None:
    signature = Door("0.0.0.0", TOKEN)._sign(1)  # noqa: S104 (the same)
    async with serve("0.0.0.0", TOKEN) as browser:  # noqa: S104 (the same)
        sent = f"{COOKIE}={cookie.format(signature=signature)}".encode().decode("latin-1")
        assert await status(browser, "/metrics", Cookie=sent) == 401


async def test_nothing_foreign_may_run_in_the_page(serve: Serve) -> None:
    async with serve() as browser:
        for path in ("/", "/login", "/dashboard/page.js", "/events"):
            async with browser.get(path) as answer:
                policy = answer.headers["Content-Security-Policy"]
                assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
                assert "unsafe" not in policy
        async with browser.get("/") as answer:
            text = await answer.text()
            assert "style=" not in text
            assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


async def events(session: aiohttp.ClientSession, path: str = "/events") -> AsyncIterator[Json]:
    async with session.get(path) as stream:
        async for line in stream.content:
            if line.startswith(b"data: "):
                yield json.loads(line[len("data: ") :])


async def test_only_what_has_changed_is_sent_again(store: JobStore, dashboard: Dashboard, serve: Serve) -> None:
    recorder = Recorder(store, [dashboard])
    still, moving = (a_job(origin=an_origin(message_id=number)) for number in (1, 2))
    await recorder.add(still)
    await recorder.add(moving)
    async with serve(dashboard=dashboard) as browser:
        stream = events(browser)
        whole = await anext(stream)
        await recorder.record(moving.entering(Stage.DOWNLOADING, NOON).progressed(0.4))
        moved = await anext(stream)

    assert whole["parts"] == {"running": [], "waiting": [still.id, moving.id], "ended": []}
    assert whole["jobs"][moving.id]["state"] == "Number 2 in line"
    assert moved["parts"] == {"running": [moving.id], "waiting": [still.id], "ended": []}
    assert list(moved["jobs"]) == [moving.id]
    assert (moved["jobs"][moving.id]["state"], moved["jobs"][moving.id]["percent"]) == ("Downloading · 40%", 40)
    assert "failures" not in moved


async def test_a_page_that_is_open_does_not_hold_up_the_end_of_the_bot(dashboard: Dashboard, serve: Serve) -> None:
    async with serve(dashboard=dashboard) as browser, browser.get("/events") as stream:
        await stream.content.readline()
        begun = time.monotonic()
        await dashboard.aclose()
        await stream.content.read()
        assert time.monotonic() - begun < 0.9


def failed(number: int, why: str, **how: Any) -> Job:
    job = a_job(origin=an_origin(message_id=number)).entering(Stage.DOWNLOADING, NOON)
    return job.failed(why, NOON, **how)


async def test_failures_are_counted_by_class(store: JobStore, serve: Serve) -> None:
    gone = [failed(number, "The video is gone.", for_good=True) for number in (1, 2)]
    late = [failed(number, f"Task {number}-0123456789 exceeded time limit") for number in (3, 4, 5)]
    for job in [*gone, *late]:
        await store.add(job)
    async with serve() as browser:
        told = (await anext(events(browser)))["failures"]

    assert [(one["count"], one["kind"], one["stage"], one["error"]) for one in told] == [
        (3, "Failed after all tries", "Downloading", "Task … exceeded time limit"),
        (2, "Failed for good", "Downloading", "The video is gone."),
    ]


@pytest.fixture
async def ten_thousand(store: JobStore) -> list[Job]:
    """Half of them ended, the last one first; half stand in line."""
    made = []
    for number in range(10_000):
        at = NOON + timedelta(seconds=number)
        job = replace(a_job(origin=an_origin(message_id=number + 1)), created_at=at)
        made.append(job.entering(Stage.DOWNLOADING, at).failed("The video is gone.", at) if number % 2 else job)
    async with store._writing() as connection:
        await connection.execute(sa.insert(jobs), [row_of(job) for job in made])
    return made


async def test_ten_thousand_jobs_are_leafed_through_and_quick(ten_thousand: list[Job], serve: Serve) -> None:
    async with serve() as browser:
        first = await anext(events(browser))
        later = await anext(events(browser, "/events?waiting=4990&ended=25"))
        begun = time.process_time()  # however busy the machine is
        await anext(events(browser))
        seconds = time.process_time() - begun
        assert await status(browser, "/events?waiting=x") == 400

    assert [len(first["parts"][part]) for part in ("running", "waiting", "ended")] == [0, SHOWN, SHOWN]
    assert later["parts"]["waiting"] == [job.id for job in ten_thousand[::2][4990:]]
    assert later["parts"]["ended"] == [job.id for job in ten_thousand[1::2][::-1][25:50]]
    assert later["jobs"][later["parts"]["waiting"][0]]["state"] == "Number 4991 in line"
    assert first["counts"]["failed"] == first["counts"]["queued"] == 5_000
    assert len(json.dumps(first)) < 60_000
    assert seconds < 0.5


async def test_a_worker_loop_that_has_ended_is_no_longer_live(store: JobStore) -> None:
    connected = False
    health = Health(lambda: connected, store)

    async def pool() -> None:
        raise ZeroDivisionError

    async with Http("127.0.0.1", 0, health.routes()) as http, aiohttp.ClientSession(http.url) as session:
        paths = ("/healthz/live", "/healthz/ready", "/healthz")
        assert [await status(session, path) for path in paths] == [200, 503, 503]
        connected = True
        never = asyncio.create_task(health.watching(asyncio.sleep(60)))
        await asyncio.sleep(0)
        assert [await status(session, path) for path in paths] == [200, 200, 200]
        never.cancel()
        with pytest.raises(ZeroDivisionError):
            await health.watching(pool())
        assert [await status(session, path) for path in paths] == [503, 503, 503]
