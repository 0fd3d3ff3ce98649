"""/status: everything at a glance, or one video's whole story; of the channels that the asker can see."""

import pytest

from sandbox.demo.watch import until
from sandbox.discord.permissions import Permission
from sandbox.server import Fault
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.deeds import bystander, post_endless, post_file
from tests.e2e.observing import audited, buttons, card_shows, is_private, job_id, ledger, said


async def test_running_waiting_and_ended_videos_are_listed(worlds: Worlds, start_bot: StartBot) -> None:
    async with start_bot(WORKERS="1"):
        done = post_file(worlds, called="stand-up.mp4")
        await audited(worlds, done)
        running = post_endless(worlds)
        await card_shows(worlds, running, "Downloading")
        for name in ("first.mp4", "second.mp4"):
            await card_shows(worlds, post_file(worlds, called=name), "in line")

        answer = await worlds.discord.slash("status", user=bystander(worlds))

    assert is_private(answer)
    lines = said(answer).splitlines()
    assert lines[0] == "Auditscribe"
    links = [line.partition("](")[0].rpartition("[")[2] for line in lines if "](" in line]
    states = [line.partition(") · ")[2] for line in lines if "](" in line]
    assert [line for line in lines if line.endswith(")") and line[0].isalpha()] == [
        "Running (1)",
        "Waiting (2)",
        "Ended last (1)",
    ]
    assert links == ["jfk", "first.mp4", "second.mp4", "stand-up"]
    assert states[0].startswith("Downloading")
    assert states[1:3] == ["number 1", "number 2"]
    assert states[3].startswith("<t:")


@pytest.mark.parametrize(
    "restarted", [pytest.param(False, marks=pytest.mark.long), True], ids=["same process", "after a restart"]
)
async def test_its_pages_are_turned_by_buttons(worlds: Worlds, start_bot: StartBot, *, restarted: bool) -> None:
    links = " ".join(f"{worlds.site.url}/status/{code}" for code in range(410, 421))
    async with start_bot(WORKERS="1"):
        running = post_endless(worlds)
        await card_shows(worlds, running, "Downloading")
        worlds.discord.post("audit-process", links)
        await worlds.discord.until(lambda: len(worlds.discord.messages("audit-process")) == 2 + 1 + 11)
        answer = await worlds.discord.slash("status")
        first = answer.messages[0]
        if not restarted:
            turned = await worlds.discord.press(first["id"], buttons(first)["Older ▶"])
    if restarted:
        async with start_bot(WORKERS="1"):
            await until(worlds, lambda: ledger(worlds)[0]["status"] == "running", within=10)
            turned = await worlds.discord.press(first["id"], buttons(first)["Older ▶"])

    assert list(buttons(first)) == ["Older ▶"]
    assert turned.original is not None
    assert turned.original["id"] == first["id"]
    second = answer.messages[0]
    assert "Page 2 of 2" in said(answer)
    assert list(buttons(second)) == ["◀ Newer"]
    assert said(answer).count("](") == 2


@pytest.mark.usefixtures("bot")
async def test_a_links_other_spelling_the_messages_link_and_the_id_all_tell_the_whole_story(worlds: Worlds) -> None:
    message = worlds.discord.post("audit-process", f"https://youtu.be/{JFK}?si=x")
    await audited(worlds, message)
    names = [
        f"https://www.youtube.com/watch?v={JFK}&t=3",
        f"https://discord.com/channels/{worlds.discord.guild_id}/{message['channel_id']}/{message['id']}",
        message["id"],
        job_id(worlds, message),
    ]

    answers = [await worlds.discord.slash("status", {"video": name}) for name in names]

    [story] = {said(answer) for answer in answers}
    assert all(is_private(answer) for answer in answers)
    for stage in ("Processing", "Downloading", "Transcribing", "Uploading to Drive", "Complete"):
        assert f"✓ {stage} <t:" in story
    assert "Posted by: Vera in <#" in story
    assert "[Notion page](" in story
    assert "[Folder](" in story
    assert "[Transcript file](" in story


@pytest.mark.usefixtures("bot")
async def test_a_story_has_every_try_with_its_error(worlds: Worlds) -> None:
    worlds.discord.faults.append(Fault("GET", "^/attachments/", 503, headers={"Retry-After": "1"}, body={}))
    message = post_file(worlds)
    await audited(worlds, message)

    story = said(await worlds.discord.slash("status", {"video": message["id"]}))

    [failed] = [line for line in story.splitlines() if line.startswith("✗ Downloading <t:")]
    assert "·" in failed.rpartition(" s ")[2]
    assert [line[:13] for line in story.splitlines() if "Downloading <t:" in line] == ["✗ Downloading", "✓ Downloading"]


@pytest.mark.usefixtures("bot")
async def test_of_a_channel_that_the_asker_cannot_see_nothing_is_told(worlds: Worlds) -> None:
    outsider = bystander(worlds)
    worlds.discord.permit("audit-process", user=outsider, deny=Permission.VIEW_CHANNEL)
    hidden = worlds.discord.post("audit-process", "https://youtu.be/private____")
    await card_shows(worlds, hidden, "Failed")

    async def asked(**options: str) -> str:
        return said(await worlds.discord.slash("status", options, user=outsider, channel="general"))

    offers = [
        (await worlds.discord.autocomplete(name, "video", "", user=user, channel="general")).choices
        for name in ("status", "reprocess")
        for user in (outsider, worlds.discord.poster)
    ]

    assert await asked() == "Auditscribe\nNo videos yet.\nPage 1 of 1"
    for name in (job_id(worlds, hidden), hidden["id"], "https://youtu.be/private____"):
        assert (await asked(video=name)).startswith("No such video here")
        for command in ("cancel", "retry", "reprocess"):
            answer = await worlds.discord.slash(command, {"video": name}, user=outsider, channel="general")
            assert said(answer).startswith("No such video here")
    assert [len(choices) for choices in offers] == [0, 1, 0, 1]


async def test_where_the_bot_does_not_serve_every_command_says_so(worlds: Worlds, start_bot: StartBot) -> None:
    elsewhere = worlds.discord.add_guild("Elsewhere", ["lobby"])
    lobby = worlds.discord.store.channels_of(elsewhere)[0]["id"]
    async with start_bot(DISCORD_GUILD_IDS=worlds.discord.guild_id):
        message = worlds.discord.post(lobby, f"https://youtu.be/{JFK}")
        failed = worlds.discord.post("audit-process", "https://youtu.be/private____")
        await card_shows(worlds, failed, "Failed")
        name = {"video": job_id(worlds, failed)}

        answers = [
            await worlds.discord.slash("status", channel=lobby),
            *[
                await worlds.discord.slash(one, name, channel=lobby)
                for one in ("status", "retry", "cancel", "reprocess")
            ],
            await worlds.discord.message_command("Transcribe this", message["id"]),
        ]
        offered = await worlds.discord.autocomplete("status", "video", "", channel=lobby)

    assert {said(answer) for answer in answers} == {"This bot does not serve this server."}
    assert offered.choices == []
