"""The sandbox's Discord as the real discord.py sees it, and as its documentation has it on the wire."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands
from discord.ext import commands

from sandbox.discord.intents import GUILD_MEMBERS
from sandbox.discord.permissions import Permission
from sandbox.discord.world import DiscordWorld
from sandbox.server import SPECS, Fault

CLIP = ("my clip.mp4", b"0123456789", "video/mp4")


class Card(discord.ui.View):
    def __init__(self) -> None:
        super().__init__(timeout=None)

    @discord.ui.button(label="Transcript", custom_id="transcript")
    async def transcript(self, interaction: discord.Interaction, _: discord.ui.Button["Card"]) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        file = discord.File(__file__, "transcript.txt")
        await interaction.followup.send("here", file=file, ephemeral=True)

    @discord.ui.button(label="Cancel", custom_id="cancel")
    async def cancel(self, interaction: discord.Interaction, _: discord.ui.Button["Card"]) -> None:
        await interaction.response.edit_message(content="cancelled", view=None)


class Listener(commands.Bot):
    """Notes what it is told, and knows three commands."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__("!", intents=intents, guild_ready_timeout=0.05)
        self.heard: list[discord.Message] = []
        self.news = asyncio.Condition()
        self.events: list[str] = []
        self.tree.add_command(status)
        self.tree.add_command(transcribe)

    async def setup_hook(self) -> None:
        self.add_view(Card())

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Do not wait the five seconds that the library leaves between two sessions."""

    async def on_message(self, message: discord.Message) -> None:
        async with self.news:
            self.heard += [message] * (message.author != self.user)
            self.news.notify_all()

    async def hears(self, content: str) -> discord.Message:
        """Return the one message with this text, once it was heard."""

        def found() -> list[discord.Message]:
            return [message for message in self.heard if message.content == content]

        async with asyncio.timeout(5), self.news:
            [message] = await self.news.wait_for(found)
            return message

    async def on_socket_event_type(self, event: str) -> None:
        self.events.append(event)


@app_commands.command(name="status", description="What runs")
@app_commands.default_permissions(manage_messages=True)
async def status(interaction: discord.Interaction, job: str = "all") -> None:
    await interaction.response.send_message(f"status of {job}")


@status.autocomplete("job")
async def jobs(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
    return [app_commands.Choice(name=f"{typed}bc", value="1")]


@app_commands.context_menu(name="Transcribe this")
async def transcribe(interaction: discord.Interaction, message: discord.Message) -> None:
    await interaction.response.defer()
    await interaction.edit_original_response(content=f"took {message.content}")


@pytest.fixture
async def world() -> AsyncIterator[DiscordWorld]:
    world = DiscordWorld()
    await world.start()
    yield world
    await world.stop()


@asynccontextmanager
async def a_bot(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch, intents: discord.Intents | None = None
) -> AsyncIterator[Listener]:
    monkeypatch.setattr(discord.http.Route, "BASE", world.api_url)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(world.gateway_url))
    listener = Listener(intents or discord.Intents(guilds=True, messages=True, message_content=True))
    async with listener:
        running = asyncio.create_task(listener.start(world.token))
        ready = asyncio.create_task(listener.wait_until_ready())
        await asyncio.wait((running, ready), return_when=asyncio.FIRST_COMPLETED)
        ready.cancel()
        if running.done():
            await running
        yield listener
    await running


@pytest.fixture
async def bot(world: DiscordWorld, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listener]:
    async with a_bot(world, monkeypatch) as listener:
        yield listener
    assert world.violations == []


@pytest.fixture
async def wire(world: DiscordWorld) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bot {world.token}"}) as session:
        yield session


async def test_a_posted_message_arrives_with_its_files(bot: Listener, world: DiscordWorld) -> None:
    posted = world.post("market-outlook", "look", files=[CLIP])

    message = await bot.hears("look")

    assert (str(message.id), message.author.name) == (posted["id"], "vera")
    assert abs(message.created_at - datetime.now(timezone.utc)) < timedelta(seconds=5)
    assert isinstance(message.channel, discord.TextChannel)
    assert message.channel.name == "🎙・market-outlook"
    [attachment] = message.attachments
    assert (attachment.filename, attachment.title, attachment.content_type) == ("my_clip.mp4", "my clip", "video/mp4")
    assert await attachment.read() == b"0123456789"


async def test_the_bot_reacts_replies_edits_and_takes_its_reaction_back(bot: Listener, world: DiscordWorld) -> None:
    posted = world.post("audit-process", "hello")
    message = await bot.hears("hello")

    await message.add_reaction("👀")
    embed = discord.Embed(title="Card").add_field(name="stage", value="waiting")
    reply = await message.reply(embed=embed, view=Card(), allowed_mentions=discord.AllowedMentions.none())
    assert reply.mentions == []
    await reply.edit(content="✍️ 40 %")
    assert world.reactions_on(posted["id"]) == {"👀": [world.bot["id"]]}
    await message.remove_reaction("👀", message.guild.me if message.guild else bot)  # type: ignore[arg-type]  # a member

    assert world.reactions_log == [(posted["id"], "👀", "add"), (posted["id"], "👀", "remove")]
    seen = world.messages("audit-process")[-1]
    assert (seen["content"], seen["message_reference"]["message_id"]) == ("✍️ 40 %", posted["id"])
    assert seen["embeds"][0]["title"] == "Card"


async def test_obeying_the_headers_no_reaction_is_refused(bot: Listener, world: DiscordWorld) -> None:
    world.post("general", "hello")
    message = await bot.hears("hello")

    for emoji in ("⬇️", "✍️", "☁️"):
        await message.add_reaction(emoji)

    puts = [exchange for exchange in world.exchanges if exchange.method == "PUT"]
    assert [exchange.status for exchange in puts] == [204, 204, 204]
    assert puts[-1].at - puts[0].at >= 0.5


async def test_what_was_posted_while_the_bot_was_away_is_in_the_history(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [int(world.post("general", str(number))["id"]) for number in range(130)]

    async with a_bot(world, monkeypatch) as bot:
        channel = bot.get_partial_messageable(int(world.channel_id("general")))
        missed = [m.id async for m in channel.history(limit=None, after=discord.Object(ids[4]), oldest_first=True)]
        newest = [m.id async for m in channel.history(limit=3)]
        around = [m.id async for m in channel.history(limit=3, around=discord.Object(ids[50]))]

    assert missed == ids[5:]
    assert newest == ids[:-4:-1]
    assert sorted(around) == ids[49:52]


async def test_a_dropped_connection_is_resumed_and_nothing_is_missed(bot: Listener, world: DiscordWorld) -> None:
    world.drop_gateway()
    world.post("general", "meanwhile")

    await bot.hears("meanwhile")

    assert "RESUMED" in bot.events
    assert bot.events.count("READY") == 1


async def test_a_lost_session_begins_anew_without_what_was_missed(bot: Listener, world: DiscordWorld) -> None:
    world.drop_gateway(resumable=False)
    world.post("general", "lost")
    await world.until(lambda: world.connected)
    world.post("general", "found")

    await bot.hears("found")

    assert bot.events.count("READY") == 2
    assert [message.content for message in bot.heard] == ["found"]


async def test_a_bot_that_is_asked_to_reconnect_resumes(bot: Listener, world: DiscordWorld) -> None:
    world.gateway.ask_to_reconnect()
    await world.until(lambda: not world.connected)
    await world.until(lambda: world.connected)
    world.post("general", "after")

    await bot.hears("after")

    assert bot.events.count("READY") == 1


async def test_synced_commands_are_answered(bot: Listener, world: DiscordWorld) -> None:
    guild = discord.Object(int(world.guild_id))
    bot.tree.copy_global_to(guild=guild)
    await bot.tree.sync(guild=guild)
    posted = world.post("general", "this")

    answered = await world.slash("status", {"job": "7"}, channel="general")
    offered = await world.autocomplete("status", "job", "a")
    taken = await world.message_command("Transcribe this", posted["id"])

    assert [command["name"] for command in world.commands] == ["status", "Transcribe this"]
    assert world.commands[0]["default_member_permissions"] == str(int(Permission.MANAGE_MESSAGES))
    assert world.messages("general")[1]["content"] == answered.messages[0]["content"] == "status of 7"
    assert offered.choices == [{"name": "abc", "value": "1"}]
    assert [message["content"] for message in taken.messages] == ["took this"]
    with pytest.raises(LookupError):
        await world.slash("status", {"jobs": "7"})


async def test_members_are_shown_the_commands_that_their_permissions_allow(
    world: DiscordWorld, wire: aiohttp.ClientSession
) -> None:
    commands = [
        {"name": "all", "description": "x"},
        {"name": "some", "description": "x", "default_member_permissions": int(Permission.MANAGE_MESSAGES)},
        {"name": "admins", "description": "x", "default_member_permissions": 0},
    ]
    await wire.put(f"{world.api_url}/applications/{world.application['id']}/commands", json=commands)
    moderator = world.add_member("Mo", permissions=Permission.MANAGE_MESSAGES)

    shown = [[each["name"] for each in world.commands_for(user)] for user in (world.poster, moderator, world.owner)]

    assert shown == [["all"], ["all", "some"], ["all", "some", "admins"]]


async def test_buttons_answer_ephemerally_and_change_their_message(bot: Listener, world: DiscordWorld) -> None:
    world.post("general", "hello")
    card = await (await bot.hears("hello")).reply("running", view=Card())

    sent = await world.press(str(card.id), "transcript")
    await world.press(str(card.id), "cancel")

    [shown] = sent.messages
    assert (shown["content"], shown["flags"], shown["attachments"][0]["filename"]) == ("here", 64, "transcript.txt")
    assert world.message(shown["id"])["id"] == shown["id"]
    assert world.interactions[0] is sent
    assert [message["content"] for message in world.messages("general")] == ["hello", "cancelled"]
    with pytest.raises(LookupError):
        await world.press(str(card.id), "cancel")


async def test_threads_and_forwards_reach_the_bot(bot: Listener, world: DiscordWorld) -> None:
    posted = world.post("audit-process", "origin", files=[CLIP])
    thread_id = world.add_thread("audit-process", "talk", posted["id"])
    world.post(thread_id, "inside")
    world.post("general", forward_of=posted["id"])

    inside = await bot.hears("inside")
    forward = await bot.hears("")

    assert isinstance(inside.channel, discord.Thread)
    assert (str(inside.channel.id), str(inside.channel.parent_id)) == (posted["id"], world.channel_id("audit-process"))
    assert forward.message_snapshots[0].content == "origin"
    assert await forward.message_snapshots[0].attachments[0].read() == b"0123456789"
    assert [old.id async for old in forward.channel.history()] == [forward.id]
    thread = await (await bot.hears("origin")).channel.create_thread(name="own")  # type: ignore[union-attr]  # a text channel
    await thread.send("mine")
    assert [message["content"] for message in world.messages(str(thread.id))] == ["mine"]


async def test_members_are_found_by_id(bot: Listener, world: DiscordWorld) -> None:
    moderator = world.add_member("Mo", permissions=Permission.MANAGE_MESSAGES)
    guild = bot.guilds[0]

    [queried] = await guild.query_members(user_ids=[int(moderator["id"])])
    fetched = await guild.fetch_member(int(moderator["id"]))

    assert (queried.name, fetched.guild_permissions.manage_messages) == ("mo", True)


async def test_a_wrong_token_is_refused(world: DiscordWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", world.api_url)
    async with Listener(discord.Intents.none()) as bot:
        with pytest.raises(discord.LoginFailure):
            await bot.login("wrong")


async def test_a_privileged_intent_that_is_switched_off_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    world = DiscordWorld(privileged=GUILD_MEMBERS)
    await world.start()
    assert world.application["flags"] == discord.ApplicationFlags(gateway_guild_members_limited=True).value
    with pytest.raises(discord.PrivilegedIntentsRequired):
        async with a_bot(world, monkeypatch):
            pass
    await world.stop()


async def test_without_the_message_content_intent_messages_are_empty(
    world: DiscordWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_bot(world, monkeypatch, discord.Intents(guilds=True, messages=True)) as bot:
        world.post("general", "secret", files=[CLIP])
        world.post("general", f"<@{world.bot['id']}> look")

        hidden = await bot.hears("")
        await bot.hears(f"<@{world.bot['id']}> look")

    assert hidden.attachments == []


REFUSED: dict[str, tuple[str, str, Any, int, int]] = {
    "an empty message": ("POST", "{general}/messages", {}, 400, 50006),
    "a text of 2001 characters": ("POST", "{general}/messages", {"content": "x" * 2001}, 400, 50035),
    "eleven embeds": ("POST", "{general}/messages", {"embeds": [{"title": "x"}] * 11}, 400, 50035),
    "embeds of 6001 characters": (
        "POST",
        "{general}/messages",
        {"embeds": [{"description": "x" * 3001}] * 2},
        400,
        50035,
    ),
    "a reply to nothing": (
        "POST",
        "{general}/messages",
        {"content": "x", "message_reference": {"message_id": 1}},
        400,
        50035,
    ),
    "a message that is not there": ("GET", "{general}/messages/1", None, 404, 10008),
    "somebody else's message": ("PATCH", "{general}/messages/{theirs}", {"content": "x"}, 403, 50005),
    "a channel that is not there": ("GET", "1", None, 404, 10003),
    "a channel one may not see": ("POST", "{hidden}/messages", {"content": "x"}, 403, 50001),
    "a channel one may not write to": ("POST", "{silent}/messages", {"content": "x"}, 403, 50013),
    "a message that is not one's own": ("DELETE", "{general}/messages/{theirs}", None, 403, 50013),
    "a reaction in an archived thread": ("PUT", "{thread}/messages/{inside}/reactions/👀/@me", None, 400, 50083),
    "a reaction that is no emoji": ("PUT", "{general}/messages/{theirs}/reactions/x/@me", None, 400, 10014),
    "a path that is no operation": ("GET", "{general}/nothing", None, 404, 0),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_refusals_have_the_documented_codes(name: str, world: DiscordWorld, wire: aiohttp.ClientSession) -> None:
    method, path, body, status, code = REFUSED[name]
    thread = world.add_thread("general", "old")
    names = {
        "general": world.channel_id("general"),
        "theirs": world.post("general", "theirs")["id"],
        "hidden": world.add_channel("hidden"),
        "silent": world.add_channel("silent"),
        "thread": thread,
        "inside": world.post(thread, "inside")["id"],
    }
    world.permit("hidden", deny=Permission.VIEW_CHANNEL)
    world.permit("silent", deny=Permission.SEND_MESSAGES)
    world.archive(thread)

    async with wire.request(method, f"{world.api_url}/channels/{path.format(**names)}", json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (status, code)
        assert answer.headers["Content-Type"] == "application/json"


async def test_the_sixth_message_in_five_seconds_is_refused(world: DiscordWorld, wire: aiohttp.ClientSession) -> None:
    url = f"{world.api_url}/channels/{world.channel_id('general')}/messages"
    answers = [await wire.post(url, json={"content": str(number)}) for number in range(6)]

    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["4", "3", "2", "1", "0", "0"]
    refused = await answers[-1].json()
    assert 4 < refused["retry_after"] <= 5
    assert not refused["global"]
    assert "Via" in answers[-1].headers
    assert len(world.messages("general")) == 5


async def test_the_fifty_first_request_of_a_second_is_refused(world: DiscordWorld, wire: aiohttp.ClientSession) -> None:
    answers = await asyncio.gather(*(wire.get(f"{world.api_url}/gateway") for _ in range(51)))

    [refused] = [answer for answer in answers if answer.status == 429]
    assert (await refused.json())["global"]
    assert refused.headers["X-RateLimit-Scope"] == "global"


async def test_a_nonce_that_is_enforced_posts_once(world: DiscordWorld, wire: aiohttp.ClientSession) -> None:
    url = f"{world.api_url}/channels/{world.channel_id('general')}/messages"
    body = {"content": "once", "nonce": "job-1", "enforce_nonce": True}

    first, second = [await (await wire.post(url, json=body)).json() for _ in range(2)]

    assert first["id"] == second["id"]
    assert len(world.messages("general")) == 1


async def test_a_signed_url_is_good_for_ranges_and_for_its_time(
    world: DiscordWorld, wire: aiohttp.ClientSession
) -> None:
    message_id = world.post("general", files=[CLIP])["id"]
    url = yarl.URL(world.message(message_id)["attachments"][0]["url"])
    world.cdn.lifetime = -1
    expired = world.message(message_id)["attachments"][0]["url"]

    async with wire.get(url, headers={"Range": "bytes=2-4"}) as part:
        assert (part.status, await part.read(), part.headers["Content-Range"]) == (206, b"234", "bytes 2-4/10")
    for wrong in (expired, url.update_query(hm="0"), url.with_query(None)):
        async with wire.get(wrong) as refused:
            assert refused.status == 404


@pytest.mark.skipif(not SPECS.is_dir(), reason="UNCHECKED: the official descriptions are not here")
async def test_what_the_description_forbids_is_a_violation(world: DiscordWorld, wire: aiohttp.ClientSession) -> None:
    channel = f"{world.api_url}/channels/{world.channel_id('general')}"
    await wire.post(f"{channel}/messages", json={"content": "fine", "tts": "yes"})
    await wire.get(f"{channel}/nothing")

    assert world.checked == 2
    malformed, unknown = world.violations
    assert "request tts" in malformed
    assert "unknown operation" in unknown


async def test_a_fault_looks_like_one_of_discords_own(world: DiscordWorld, bot: Listener) -> None:
    refused = {"message": "slow", "retry_after": 0.01, "global": False}
    world.faults.append(Fault("POST", "/typing", 429, {"Via": "1.1 google", "Retry-After": "1"}, refused))

    await bot.http.send_typing(int(world.channel_id("general")))

    assert [exchange.status for exchange in world.exchanges[-2:]] == [429, 204]
