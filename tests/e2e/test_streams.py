"""Streams and premieres: posted before they are over, and taken when they are."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from sandbox.demo.watch import until
from sandbox.site.youtube import Case
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import post_file, press
from tests.e2e.observing import STAGES, audited, card_shows, ledger, pages_of, reactions, said

SOON = {"LIVE_RETRY_S": "2"}
STREAM = "launchday01"


def turn(worlds: Worlds, case: Case) -> None:
    worlds.site.youtube[STREAM] = replace(worlds.site.youtube[STREAM], case=case)


@pytest.mark.long
async def test_a_stream_is_waited_for_from_its_announcement_to_its_recording_through_a_restart(
    worlds: Worlds, start_bot: StartBot
) -> None:
    begins = datetime.now(timezone.utc) + timedelta(seconds=3)
    worlds.site.add_youtube(STREAM, title="Launch day", case="upcoming", published=begins)

    async with start_bot(**SOON, WORKERS="1"):
        message = worlds.discord.post("audit-process", f"https://youtu.be/{STREAM}")
        announced = await card_shows(worlds, message, f"begins on {begins:%-d %B %Y at %H:%M} UTC")
        assert "Not there yet · looked at again" in announced["embeds"][0]["description"].replace("*", "")
        status = await worlds.discord.slash("status", channel="audit-process")
        assert "not there yet" in said(status)
        await audited(worlds, post_file(worlds))  # the only worker is free
        turn(worlds, "live")
        await card_shows(worlds, message, "The stream is still live")
        asked = len(worlds.site.exchanges)
        await until(worlds, lambda: len(worlds.site.exchanges) > asked + 2, within=30)  # more often than it may fail

    turn(worlds, "post_live")
    async with start_bot(**SOON):
        await card_shows(worlds, message, "YouTube is not done with its recording")
        [early] = [job for job in ledger(worlds) if job["source"]["video_id"] == STREAM]
        turn(worlds, "was_live")
        await audited(worlds, message)

    assert (early["status"], early["attempts"]) == ("waiting", 0)
    [page] = pages_of(worlds, message)
    assert page["Transcript Process Status"] == "Complete"
    assert page["ProcessErrors"] == ""
    assert page["Processing time"] < 60
    [page_id] = [id_ for id_ in worlds.notion.pages(worlds.audit_database) if _is_of(worlds, id_, message["id"])]
    assert list(dict.fromkeys(worlds.notion.status_history(page_id))) == STAGES  # a restart may repeat one
    assert "❌" not in reactions(worlds, message)


async def test_a_stream_that_is_waited_for_can_be_cancelled(worlds: Worlds, start_bot: StartBot) -> None:
    in_a_week = datetime.now(timezone.utc) + timedelta(days=7)
    worlds.site.add_youtube(STREAM, title="Launch day", case="premiere", published=in_a_week)

    async with start_bot():
        message = worlds.discord.post("audit-process", f"https://youtu.be/{STREAM}")
        await card_shows(worlds, message, "Not there yet")
        await press(worlds, message, "Cancel")
        await audited(worlds, message)

    [job] = ledger(worlds)
    assert job["status"] == "cancelled"


def _is_of(worlds: Worlds, page_id: str, message_id: str) -> bool:
    return bool(worlds.notion.page_values(page_id)["Message ID"] == message_id)
