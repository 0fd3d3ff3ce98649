"""Floods: many links in a message, many messages in a minute, one poster against all the others."""

import asyncio
import re
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.demo.watch import until
from sandbox.worlds import Worlds
from tests.e2e.chaos.bot_process import BotProcess
from tests.e2e.chaos.ledger import Ledger
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import bystander
from tests.e2e.observing import Json, card_shows, cards, ledger, said, seen
from tests.e2e.soak.gauges import Lags, rss_mb
from tests.e2e.soak.harness import Soak
from tests.e2e.soak.probed_bot import FOLDER

SLOW = 200
"""Bytes a second: what is taken stays on its way."""
GROWTH_MB = 30
"""What the cards, reactions and pages of those who wait may take."""


def links(worlds: Worlds, count: int, first: int = 0) -> str:
    worlds.site.slow["/clips/jfk.mp4"] = SLOW
    return " ".join(f"{worlds.site.clip_url('jfk.mp4')}?{number}" for number in range(first, first + count))


def refusals(worlds: Worlds) -> list[Json]:
    return [one for one in worlds.discord.messages("audit-process") if one["content"].startswith("⚠️")]


async def test_of_200_links_in_a_message_20_are_taken_and_one_answer_says_so_also_after_a_restart(
    worlds: Worlds, start_bot: StartBot
) -> None:
    async with start_bot():
        message = worlds.discord.post("audit-process", links(worlds, 200))
        await until(worlds, lambda: len(refusals(worlds)) == 1, within=30)
        await until(worlds, lambda: len(cards(worlds, message)) > 2, within=30)
    async with start_bot():
        late = worlds.discord.post("audit-process", links(worlds, 1, 200))
        await until(worlds, lambda: len(ledger(worlds)) == 21, within=30)
        answer = await worlds.discord.message_command("Transcribe this", message["id"])

    assert len(refusals(worlds)) == 1
    assert "The first 20 of these 200 videos were taken, the other 180 were not" in refusals(worlds)[0]["content"]
    assert said(answer).startswith("⚠️ The first 40 of these 200 videos were taken, the other 160 were not")
    assert Counter(str(job["origin"]["message_id"]) for job in ledger(worlds)) == {message["id"]: 40, late["id"]: 1}


async def test_who_posts_one_video_is_next_however_many_another_has_posted(worlds: Worlds, start_bot: StartBot) -> None:
    async with start_bot(WORKERS="1"):
        worlds.discord.post("audit-process", links(worlds, 1))
        await until(worlds, lambda: any(job["started_at"] for job in ledger(worlds)), within=30)
        many = worlds.discord.post("audit-process", links(worlds, 3, 1))
        await until(worlds, lambda: _places(worlds, many) == ["1", "2", "3"], within=30)

        one = worlds.discord.post("audit-process", links(worlds, 1, 6), author=bystander(worlds))

        await card_shows(worlds, one, "number 1 in line")
        await until(worlds, lambda: _places(worlds, many) == ["2", "3", "4"], within=30)


def _places(worlds: Worlds, message: Json) -> list[str]:
    shown = "\n".join(seen(one) for one in cards(worlds, message))
    return sorted(re.findall(r"number (\d+) in line", shown))


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("messages", "a_poster", "seconds"),
    [pytest.param(40, 5, 4.0, marks=pytest.mark.long), pytest.param(1000, 50, 60.0, marks=pytest.mark.long)],
    ids=["40 links in 4 s", "1,000 links in a minute"],
)
async def test_a_flood_of_messages_makes_no_flood_of_answers_and_leaves_memory_flat_and_the_loop_free(
    messages: int, a_poster: int, seconds: float, worlds: Worlds
) -> None:
    lags = worlds.folder / "lags"
    lags.mkdir()
    settings = {FOLDER: str(lags), "MAX_PER_POSTER": str(a_poster), "MAX_PER_MINUTE": "1000"}
    bot = BotProcess(worlds, settings, "tests.e2e.soak.probed_bot")
    people = [worlds.discord.add_member(name) for name in ("Flo", "Ben")]
    with closing(Ledger(Path(worlds.settings()["DATA_DIR"]))) as kept:
        try:
            await bot.start()
            await worlds.discord.until(lambda: worlds.discord.connected)
            await asyncio.sleep(1)
            before = rss_mb(bot.pid)
            for number in range(messages):
                worlds.discord.post("audit-process", links(worlds, 1, number), author=people[number % 2])
                await asyncio.sleep(seconds / messages)
            refused = messages // 2 - a_poster
            await until(worlds, lambda: _refused(worlds) == {refused}, within=60)
            after = rss_mb(bot.pid)
            jobs = Counter(job.message_id for job in kept.entries().values())
            assert await bot.stop() == 0
        finally:
            await bot.kill()
            await bot.bury()

    assert len(jobs) == 2 * a_poster
    edits = [one for one in worlds.discord.exchanges if one.method == "PATCH" and _is_refusal(one.body)]
    assert len(edits) <= 2 * (seconds / 10 + 2)
    assert before is not None
    assert after is not None
    assert after - before < GROWTH_MB
    assert [*Lags.of(lags.glob("*.json")).wrong()] == []


def _is_refusal(body: Json | None) -> bool:
    return bool(body) and str((body or {}).get("content") or "").startswith("⚠️")


def _refused(worlds: Worlds) -> set[int]:
    """Return how many messages the answers speak of; each poster has one of them."""
    answers = [one["content"] for one in refusals(worlds)]
    more = [re.findall(r"Of (\d+) more", answer) for answer in answers]
    return {1 + int((found or ["0"])[0]) for found in more} if len(answers) == 2 else set()


@pytest.mark.long
@pytest.mark.timeout(900)
async def test_a_small_soak_finds_nothing_wrong(worlds: Worlds) -> None:
    assert await Soak(worlds, 1, print, is_long=False).run(videos=12, kills=1) == []
