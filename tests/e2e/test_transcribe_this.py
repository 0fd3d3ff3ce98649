"""The message command "Transcribe this": any message that the bot can read, by people who may."""

import shutil

import pytest

from sandbox.demo.watch import until
from sandbox.discord.forms import Upload
from sandbox.discord.interactions import Interaction
from sandbox.discord.permissions import Permission
from sandbox.media import clip
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import STILL, bystander, moderator, post_endless, post_file
from tests.e2e.observing import Json, card_shows, cards, is_private, ledger, pages_of, said

STATUS = "Transcript Process Status"


async def transcribe(worlds: Worlds, message: Json, user: Json | None = None) -> Interaction:
    return await worlds.discord.message_command("Transcribe this", message["id"], user=user)


@pytest.mark.usefixtures("bot")
async def test_in_a_channel_that_nobody_watches_the_video_goes_the_way_of_audit_process(worlds: Worlds) -> None:
    message = post_file(worlds, channel="general", called="stand-up.mp4")

    answer = await transcribe(worlds, message)
    await card_shows(worlds, message, "✅ Complete")

    assert is_private(answer)
    assert said(answer) == "stand-up.mp4: taken, its card follows."
    [page] = pages_of(worlds, message)
    assert (page[STATUS], page["Channel"], page["Name"]) == ("Complete", "general", "YouTube Video: stand-up")


@pytest.mark.usefixtures("bot")
async def test_another_bots_message_in_a_watched_channel_goes_that_channels_way(worlds: Worlds) -> None:
    robot = worlds.discord.store.add_user("Recorder", bot=True)
    worlds.discord.store.join(worlds.discord.guild_id, robot)
    message = post_file(worlds, channel="market-outlook", author=robot, called="stand-up.mp4")

    await transcribe(worlds, message, moderator(worlds))
    await card_shows(worlds, message, "✅ Complete")

    assert pages_of(worlds, message) == []
    [page_id] = worlds.notion.pages(worlds.videos_database)
    assert worlds.notion.page_values(page_id)[STATUS] == "complete"


@pytest.mark.usefixtures("bot")
async def test_a_webhooks_message_is_taken(worlds: Worlds) -> None:
    board, hook = worlds.discord.board, worlds.discord.store.add_user("Zoom", bot=True)
    video = Upload("0", STILL, clip(worlds.clips, STILL).read_bytes(), "video/mp4")
    channel = worlds.discord.channel_id("general")
    worlds.discord.store.join(worlds.discord.guild_id, hook)
    message = board.publish(board.compose(channel, hook, {}, [video], webhook_id=hook["id"]))

    await transcribe(worlds, message, moderator(worlds))
    await card_shows(worlds, message, "✅ Complete")


@pytest.mark.usefixtures("bot")
async def test_who_neither_wrote_the_message_nor_may_manage_messages_is_refused(worlds: Worlds) -> None:
    message = post_file(worlds, channel="general")

    answer = await transcribe(worlds, message, bystander(worlds))

    assert is_private(answer)
    assert said(answer).startswith("Only who wrote this message")
    assert ledger(worlds) == []


@pytest.mark.usefixtures("bot")
async def test_a_message_without_a_video_is_answered_with_a_sentence(worlds: Worlds) -> None:
    message = worlds.discord.post("general", "good morning")

    assert said(await transcribe(worlds, message)).startswith("There is no video in this message")


@pytest.mark.usefixtures("bot")
async def test_asked_twice_the_second_answer_tells_how_far_it_is(worlds: Worlds) -> None:
    message = post_endless(worlds, channel="general")
    await transcribe(worlds, message)
    await card_shows(worlds, message, "Downloading")

    answer = await transcribe(worlds, message)

    assert said(answer).startswith("jfk: ⬇️ Downloading")
    assert len(ledger(worlds)) == len(cards(worlds, message)) == 1


@pytest.mark.parametrize("lacks", [Permission.VIEW_CHANNEL, Permission.READ_MESSAGE_HISTORY])
async def test_a_channel_that_the_bot_cannot_read_is_answered_with_what_to_do(
    worlds: Worlds, start_bot: StartBot, lacks: Permission
) -> None:
    message = post_file(worlds, channel="general")
    worlds.discord.permit("general", deny=lacks)
    async with start_bot():
        answer = await transcribe(worlds, message)

    assert said(answer).startswith("The bot cannot read this channel")
    assert ledger(worlds) == []


@pytest.mark.long
async def test_what_was_under_way_in_such_a_channel_is_taken_up_again_after_the_disk_was_emptied(
    worlds: Worlds, start_bot: StartBot
) -> None:
    async with start_bot():
        message = post_endless(worlds, channel="general")
        await transcribe(worlds, message)
        await until(worlds, lambda: [page[STATUS] for page in pages_of(worlds, message)] == ["Downloading"], within=30)
        await card_shows(worlds, message, "Downloading")
    shutil.rmtree(worlds.folder / "data")
    worlds.site.slow.clear()

    async with start_bot():
        await card_shows(worlds, message, "✅ Complete")

    assert [page[STATUS] for page in pages_of(worlds, message)] == ["Complete"]
    assert len(cards(worlds, message)) == 1
