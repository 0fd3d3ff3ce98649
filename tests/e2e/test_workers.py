"""The bot and its workers on Postgres: who does what, and what is seen of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from shutil import rmtree

import aiohttp
import pytest

from sandbox.server import Fault
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import post_endless, press
from tests.e2e.observing import REACTIONS, STAGES, audited, card_shows, reactions


@asynccontextmanager
async def a_worker(worlds: Worlds, url: str, name: str = "worker", **settings: str) -> AsyncIterator[BotProcess]:
    worker = BotProcess(worlds, {"DATABASE_URL": url, **settings}, command="worker", name=name)
    await worker.start()
    try:
        yield worker
        if worker.runs:
            assert await worker.stop() == 0, worker.log.read_text()
    finally:
        await worker.kill()
        await worker.bury()
    assert worker.orphans == []


async def test_what_a_worker_does_is_seen_as_if_the_bot_had_done_it(
    worlds: Worlds, start_bot: StartBot, database_url: str, port: int
) -> None:
    shown = {"PORT": str(port), "LOG_FORMAT": "json", "LOG_FILE": "worker/said.log"}
    async with (
        start_bot(DATABASE_URL=database_url, BOT_RUNS_JOBS="false"),
        a_worker(worlds, database_url, **shown),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as worker,
    ):
        message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
        [page] = await audited(worlds, message)

        assert worlds.notion.status_history(page) == STAGES
        assert reactions(worlds, message) == REACTIONS

        endless = post_endless(worlds)
        await card_shows(worlds, endless, "Downloading")
        await press(worlds, endless, "Cancel")
        await card_shows(worlds, endless, "Cancelled")
        while list((worlds.folder / "data" / "work").iterdir()):  # the worker lets go of it
            await asyncio.sleep(0.05)

        health = await (await worker.get("/healthz")).json()
        assert health == {"well": True, "ledger": "ok", "workers": "ok"}
        metrics = await (await worker.get("/metrics")).text()
        assert 'auditscribe_jobs_ended_total{end="succeeded",stage="Complete"} 1.0' in metrics
    said = [json.loads(line) for line in (worlds.folder / "worker" / "said.log").read_text().splitlines()]
    assert [line for line in said if "TRANSCRIBING" in line["message"]]


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_another_machine_goes_on_without_hearing_the_video_again(
    worlds: Worlds, start_bot: StartBot, database_url: str
) -> None:
    """It must fetch the media again, which the first machine has not stored in time."""

    async def forever() -> None:
        await asyncio.Event().wait()

    quick = {"WORKER_SILENT_S": "3"}
    worlds.drive.faults.append(Fault("PUT", "^/upload", meanwhile=forever))
    async with start_bot(DATABASE_URL=database_url, BOT_RUNS_JOBS="false", **quick):
        async with a_worker(worlds, database_url, "first", **quick) as first:
            message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
            await card_shows(worlds, message, "Uploading")
            await first.kill()
            rmtree(worlds.folder / "data" / "work")  # it is on a disk that the second machine does not see
        other = {"DATA_DIR": str(worlds.folder / "other"), **quick}
        async with a_worker(worlds, database_url, "second", **other) as second:
            [page] = await audited(worlds, message)
            said = second.log.read_text()

    assert worlds.notion.status_history(page)[-1] == "Complete"
    assert "DOWNLOADING" in said
    assert "TRANSCRIBING" not in said
