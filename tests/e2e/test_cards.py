"""The live card of a video, as the channel sees it."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.demo.watch import until
from sandbox.server import Exchange, Fault
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import post_endless, post_file, press
from tests.e2e.observing import (
    REACTIONS,
    audited,
    buttons,
    card,
    card_shows,
    cards,
    folder_names,
    pages_of,
    reactions,
    seen,
)


def sent(worlds: Worlds) -> list[Exchange]:
    """Return the bot's requests for new messages."""
    return [one for one in worlds.discord.exchanges if one.method == "POST" and one.path.endswith("/messages")]


def edits(worlds: Worlds, message_id: str) -> list[Exchange]:
    return [
        one
        for one in worlds.discord.exchanges
        if one.method == "PATCH" and one.path.endswith(f"/messages/{message_id}")
    ]


@pytest.mark.usefixtures("bot")
async def test_one_card_is_sent_at_once_and_edited_in_place_through_the_stages_to_the_end(worlds: Worlds) -> None:
    worlds.site.bytes_per_second = 40_000
    message = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
    await audited(worlds, message)

    [request] = sent(worlds)
    shown = card(worlds, message)
    looks = [one.body["embeds"][0]["description"].splitlines()[0] for one in (request, *edits(worlds, shown["id"]))]
    stages = list(dict.fromkeys(re.findall(r"\*\*(.+?)\*\*", " ".join(looks))))
    assert stages[0] in ("Waiting", "Processing")
    assert stages[-1] == "Complete"
    assert "Downloading" in stages
    assert any(re.search(r"▰+▱+ \d+%", one.body["embeds"][0]["description"]) for one in edits(worlds, shown["id"]))
    for stage in ("Processing", "Downloading", "Transcribing", "Uploading to Drive"):
        assert re.search(rf"✓ {stage} · \d+ s", seen(shown))


@pytest.mark.usefixtures("bot")
async def test_the_last_look_has_the_facts_and_leads_to_what_was_made(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}")
    [page_id] = await audited(worlds, message)

    shown = card(worlds, message)
    embed = shown["embeds"][0]
    facts = {field["name"]: field["value"] for field in embed["fields"]}
    page = worlds.notion.page_values(page_id)
    assert embed["title"] == "The ok video"
    assert facts == {
        "Length": "11 s",
        "Words": str(len(page["Transcript"].split())),
        "Language": "en",
        "Model": Path(worlds.settings()["WHISPER_MODEL"]).name,
    }
    assert list(buttons(shown)) == ["Transcript", "Notion page", "Folder", "Transcript file"]
    assert page_id.replace("-", "") in buttons(shown)["Notion page"]
    assert buttons(shown)["Folder"] == page["GoogleDriveFolderLink"]


@pytest.mark.usefixtures("bot")
async def test_a_card_pings_nobody(worlds: Worlds) -> None:
    message = post_file(worlds)
    await audited(worlds, message)

    shown = card(worlds, message)
    assert shown["message_reference"]["message_id"] == message["id"]
    assert (shown["mentions"], shown["mention_roles"], shown["mention_everyone"]) == ([], [], False)
    assert sent(worlds)[0].body["allowed_mentions"] == {"parse": []}  # nor who is replied to


@pytest.mark.usefixtures("bot")
async def test_a_card_is_edited_at_most_once_in_three_seconds(worlds: Worlds) -> None:
    message = post_file(worlds)
    await card_shows(worlds, message, "✅ Complete")
    other = post_endless(worlds)
    await card_shows(worlds, other, "Downloading")
    await press(worlds, other, "Cancel")
    await card_shows(worlds, other, "Cancelled")
    await press(worlds, other, "Retry")
    await card_shows(worlds, other, "Downloading")

    for one in (message, other):
        moments = [edit.at for edit in edits(worlds, card(worlds, one)["id"])]
        assert len(moments) > 1
        assert all(later - earlier >= 3 for earlier, later in pairwise(moments))


@pytest.mark.parametrize(
    ("post", "reason", "advice"),
    [
        ("https://youtu.be/private____", "private", "Another try ends the same way, unless that has changed"),
        ("{site}/status/503", "has trouble of its own", "Press Retry to go on where it stopped"),
    ],
)
async def test_an_error_is_told_with_its_reason_and_what_to_do(
    worlds: Worlds, post: str, reason: str, advice: str, start_bot: StartBot
) -> None:
    async with start_bot(MAX_ATTEMPTS="1"):
        message = worlds.discord.post("audit-process", post.format(site=worlds.site.url))
        shown = await card_shows(worlds, message, "Failed while Processing")

    assert reason in seen(shown)
    assert advice in seen(shown)
    assert list(buttons(shown)) == ["Retry"]


@pytest.mark.usefixtures("bot")
async def test_while_a_retry_waits_the_card_says_which_try_comes_and_when(worlds: Worlds) -> None:
    worlds.discord.faults.append(Fault("GET", "^/attachments/", 503, headers={"Retry-After": "5"}, body={}))
    message = post_file(worlds)

    shown = await card_shows(worlds, message, "try 2 <t:")

    assert re.search(r"^⏳ \*\*Downloading\*\* · try 2 <t:\d+:R>$", shown["embeds"][0]["description"], re.MULTILINE)
    assert list(buttons(shown)) == ["Cancel"]
    await audited(worlds, message)


async def test_a_card_in_the_line_shows_its_place_and_moves_up_with_it(worlds: Worlds, start_bot: StartBot) -> None:
    async with start_bot(WORKERS="1"):
        first = post_endless(worlds)
        await card_shows(worlds, first, "Downloading")
        second = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4") + "?second")
        third = post_file(worlds)
        await card_shows(worlds, second, "number 1 in line")
        await card_shows(worlds, third, "number 2 in line")

        await press(worlds, second, "Cancel")
        await card_shows(worlds, third, "number 1 in line")
        await press(worlds, first, "Cancel")
        await audited(worlds, third)


@pytest.mark.usefixtures("bot")
async def test_two_videos_of_a_message_have_a_card_each(worlds: Worlds) -> None:
    links = f"https://youtu.be/private____ {worlds.site.url}/status/404"
    message = worlds.discord.post("audit-process", links)
    await audited(worlds, message, count=2)

    retries = {buttons(one)["Retry"] for one in cards(worlds, message)}

    assert len(retries) == 2


@pytest.mark.usefixtures("bot")
async def test_a_repost_has_a_card_of_its_own_that_leads_to_the_same_files(worlds: Worlds) -> None:
    first = worlds.discord.post("audit-process", worlds.site.clip_url("silence.mp4"))
    await audited(worlds, first)
    again = worlds.discord.post("audit-process", worlds.site.clip_url("silence.mp4"))
    await audited(worlds, again)

    mine, theirs = (buttons(card(worlds, message)) for message in (again, first))

    assert "The same video was posted before" in seen(card(worlds, again))
    assert mine["Folder"] == theirs["Folder"]
    assert mine["Notion page"] != theirs["Notion page"]


@pytest.mark.usefixtures("bot")
async def test_a_title_can_neither_format_nor_link_nor_ping(worlds: Worlds) -> None:
    title = "**Free** [nitro](https://evil.example) @everyone <@123> <#45> `x` ||secret|| _y_ ~~z~~ <t:0:R> :smile:"
    worlds.site.add_youtube("harmful_001", title=title, clip="jfk")
    message = worlds.discord.post("audit-process", "https://youtu.be/harmful_001")
    await audited(worlds, message)

    shown = card(worlds, message)
    [listed, story] = [
        (await worlds.discord.slash("status", options)).messages[0]
        for options in ({}, {"video": "https://youtu.be/harmful_001"})
    ]

    for where in (shown, listed, story):
        raw = json.dumps(where["embeds"]).replace("\\\\", "\\")
        raw = re.sub(r'(?<=(?<!\\)\]\()http[^)]+|(?<="url": ")[^"]+', "", raw)  # its own links
        assert re.search(r"\\\[nitro\\\]\\\(https\\://evil", raw)
        assert not re.search(r"(?<!\\)[*_~`|<\[@:](?=Free|nitro|everyone|@123|#45|x|\|secret|y|~z|t:0|smile)", raw)
        assert where["mentions"] == []
        assert not where["mention_everyone"]
    assert title[:59] in seen(listed)
    assert title[:99] in seen(shown)


async def test_a_restarted_bot_goes_on_with_the_same_card(worlds: Worlds, start_bot: StartBot) -> None:
    async with start_bot():
        message = post_endless(worlds)
        before = await card_shows(worlds, message, "Downloading")
    worlds.site.slow.clear()

    async with start_bot():
        await audited(worlds, message)

    assert card(worlds, message)["id"] == before["id"]


@pytest.mark.usefixtures("bot")
async def test_a_card_that_somebody_deleted_is_not_made_again_and_its_video_is_done(worlds: Worlds) -> None:
    worlds.site.bytes_per_second = 60_000
    message = worlds.discord.post("audit-process", worlds.site.clip_url("jfk.mp4"))
    shown = await card_shows(worlds, message, "Downloading")

    worlds.discord.delete(shown["id"])
    await until(worlds, lambda: "✅" in worlds.discord.reactions_on(message["id"]), within=30)

    assert cards(worlds, message) == []


async def test_a_route_can_do_without_cards_and_keeps_its_reaction(worlds: Worlds, start_bot: StartBot) -> None:
    channels = worlds.folder / "channels.toml"
    channels.write_text("[channels.audit-process]\ncards = false\n")
    async with start_bot(CHANNELS_FILE=str(channels)):
        message = post_file(worlds)
        await until(worlds, lambda: "✅" in worlds.discord.reactions_on(message["id"]), within=30)

    assert cards(worlds, message) == []
    assert reactions(worlds, message) == REACTIONS
    assert [page["Transcript Process Status"] for page in pages_of(worlds, message)] == ["Complete"]
    assert len(folder_names(worlds)) == 1
