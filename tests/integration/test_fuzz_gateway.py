"""Whatever Discord tells of a message, through the library's own parser: the bot goes on, and the videos are stored."""

import copy
import json
from typing import Any

import discord
import pytest
from hypothesis import HealthCheck, given, settings

from bot.client import AuditscribeBot
from cogs.intake import Intake
from cogs.reactions import own_reactions
from cogs.refusals import Refusals
from config.notion_config import Routes
from sandbox.discord.objects import a_guild, a_text_channel, a_user
from services.jobs.source import SourceKind
from services.pipeline.page import opening_values
from services.queue.local import LocalQueue
from services.recorder import Recorder
from services.store import JobStore
from tests.builders import NOON, ROUTE
from tests.ears import an_intake
from tests.payloads import Json, broken, is_described, messages

pytestmark = pytest.mark.skipif(not is_described(), reason="UNCHECKED: the official description is not here")

GUILD, CHANNEL, BOT = "5", "7", "9"
MESSAGES = messages(guild_id=GUILD, channel_id=CHANNEL)
FEW = settings(max_examples=25, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=3000, suppress_health_check=list(HealthCheck))


class Bot(AuditscribeBot):
    """The bot as it is, but that a message is kept instead of handed on."""

    told: discord.Message | None = None

    def dispatch(self, event_name: str, /, *args: Any, **_: Any) -> None:
        if event_name == "message":
            self.told = args[0]
        elif event_name == "raw_message_edit":
            self.told = args[0].message

    def hears(self, event: str, payload: Json) -> discord.Message | None:
        """Return the message of an event, if the bot could read it."""
        self.told = None
        self._connection.parsers[event](copy.deepcopy(payload))
        return self.told


@pytest.fixture
async def bot(store: JobStore) -> Bot:
    """In one server, with one channel."""
    bot = Bot([int(GUILD)], store)
    await bot._async_setup_hook()
    state: Any = bot._connection
    state.user = discord.ClientUser(state=state, data=a_user(BOT, "Auditscribe", bot=True))  # type: ignore[arg-type]  # as READY has it
    channels = [a_text_channel(CHANNEL, GUILD, ROUTE.channel, 0)]
    state._add_guild_from_data({**a_guild(GUILD, "Acme", "6"), "channels": channels, "threads": [], "member_count": 1})
    return bot


@pytest.fixture
def intake(bot: Bot, store: JobStore) -> Intake:
    queue = LocalQueue(Recorder(store), workers=0, clock=lambda: NOON)
    return an_intake(queue, Routes((ROUTE,)), bot.serves, store=store, refusals=Refusals(bot, store))


def a_message(author: Json, **more: Any) -> Json:
    ids = {"id": "3", "channel_id": CHANNEL, "guild_id": GUILD}
    moments = {"timestamp": NOON.isoformat(), "edited_timestamp": None}
    return {**ids, **moments, "type": 0, "content": "", "attachments": [], "author": author, **more}


async def check_taken(bot: Bot, intake: Intake, store: JobStore, payload: Json) -> None:
    """A message that Discord may send is read, and each of its files and links is a job that can be told of."""
    for event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        message = bot.hears(event, payload)
        assert message is not None
        await intake.take(message)
    jobs = await store.of_message(int(payload["id"]))
    files = {file["id"] for file in payload["attachments"] if file.get("content_type", "").startswith("video/")}
    assert files <= {job.source.video_id for job in jobs if job.source.kind is SourceKind.DISCORD}
    for job in jobs:
        assert job == await store.get(job.id)
        assert json.dumps([str(value) for value in opening_values(job).values()], ensure_ascii=False).encode()


def check_goes_on(bot: Bot, payload: Json) -> None:
    """A message of which a part is missing, or something else, does not end the client."""
    for event in ("MESSAGE_CREATE", "MESSAGE_UPDATE"):
        bot.hears(event, payload)


@FEW
@given(MESSAGES)
async def test_the_videos_of_every_message_that_discord_may_send_are_stored(
    bot: Bot, intake: Intake, store: JobStore, payload: Json
) -> None:
    await check_taken(bot, intake, store, payload)


@FEW
@given(broken(MESSAGES))
async def test_a_message_that_is_not_as_documented_does_not_end_the_bot(bot: Bot, payload: Json) -> None:
    check_goes_on(bot, payload)


@pytest.mark.long
@pytest.mark.timeout(1200)
@MANY
@given(MESSAGES)
async def test_thousands_of_messages_are_stored(bot: Bot, intake: Intake, store: JobStore, payload: Json) -> None:
    await check_taken(bot, intake, store, payload)


@pytest.mark.long
@pytest.mark.timeout(1200)
@MANY
@given(broken(MESSAGES))
async def test_thousands_of_broken_messages_do_not_end_the_bot(bot: Bot, payload: Json) -> None:
    check_goes_on(bot, payload)


async def test_a_message_that_the_library_cannot_read_is_left_out_and_said(
    bot: Bot, caplog: pytest.LogCaptureFixture
) -> None:
    assert bot.hears("MESSAGE_CREATE", {"id": "3", "channel_id": CHANNEL, "guild_id": GUILD}) is None
    assert "MESSAGE_CREATE 3 is not as documented" in caplog.text


async def test_the_bots_own_messages_keep_their_buttons(bot: Bot) -> None:
    button = {"type": 2, "style": 1, "custom_id": "job:retry:3-7a0b1c2d3e", "label": "Retry", "id": 2}
    message = a_message(a_user(BOT, "Auditscribe", bot=True), components=[{"type": 1, "id": 1, "components": [button]}])

    own = bot.hears("MESSAGE_CREATE", message)
    assert own is not None
    assert len(own.components) == 1
    others = bot.hears("MESSAGE_CREATE", {**message, "author": a_user("8", "Ada")})
    assert others is not None
    assert others.components == others.embeds == others.mentions == []


async def test_a_message_that_is_fetched_has_its_reactions(bot: Bot) -> None:
    shown = {"emoji": {"id": None, "name": "👀"}, "count": 1, "me": True, "me_burst": False, "burst_colors": []}
    data: Any = a_message(a_user("8", "Ada"), reactions=[shown | {"count_details": {"burst": 0, "normal": 1}}])

    channel: Any = bot.get_channel(int(CHANNEL))
    message = bot._connection.create_message(channel=channel, data=data)

    assert own_reactions(message) == {"👀"}
