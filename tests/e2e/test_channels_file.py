"""A bot with a CHANNELS_FILE: channels and columns without code."""

from collections.abc import Callable
from pathlib import Path

import pytest

from bot.start import StartError
from sandbox.demo.watch import until
from sandbox.notion.world import Schema
from sandbox.site.world import JFK
from sandbox.worlds import Worlds
from tests.e2e.conftest import StartBot
from tests.e2e.observing import audited, cards

PODCASTS: Schema = {
    "Title": "title",
    "State": "select",
    "Uploader": "rich_text",
    "YouTube Channel": "select",
    "Message": "rich_text",
}
WriteChannels = Callable[[str], str]


@pytest.fixture
def write_channels(tmp_path: Path) -> WriteChannels:
    """Returns a function that writes a CHANNELS_FILE and returns its path."""

    def write(text: str) -> str:
        path = tmp_path / "channels.toml"
        path.write_text(text)
        return str(path)

    return write


async def test_channels_are_added_and_columns_changed(
    worlds: Worlds, start_bot: StartBot, write_channels: WriteChannels
) -> None:
    podcasts = worlds.notion.add_database("Podcasts", PODCASTS)
    listen = worlds.discord.add_channel("🎧・listen")
    thread = worlds.discord.add_thread("🎧・listen", "an episode")
    channels = write_channels(
        f"""
        [channels.podcasts]
        like = "education"
        id = {listen}
        database = "{podcasts}"
        cards = false
        title_format = "{{title}}!"
        final_status = "Heard"
        columns = {{ status = "State", youtube_channel = "Uploader", message_id = "Message" }}

        [channels.market-outlook.columns]
        youtube_channel = ""
        video_link = "Live Video URL"
        live_video_url = ""
        """
    )

    async with start_bot(CHANNELS_FILE=channels):
        outlook = worlds.discord.post("market-outlook", f"https://youtu.be/{JFK}")
        await audited(worlds, outlook)
        episode = worlds.discord.post(thread, f"https://youtu.be/{JFK}")
        await until(worlds, lambda: "✅" in worlds.discord.reactions_on(episode["id"]), 60)

    [page] = map(worlds.notion.page_values, worlds.notion.pages(podcasts))
    assert page == {
        "Title": "The ok video!",
        "State": "Heard",
        "Uploader": "The Sandbox Channel",
        "YouTube Channel": None,
        "Message": episode["id"],
    }
    assert cards(worlds, episode) == []
    [changed] = map(worlds.notion.page_values, worlds.notion.pages(worlds.videos_database))
    assert (changed["YouTube Channel"], changed["Video Link"]) == (None, None)
    assert changed["Live Video URL"] == f"https://www.youtube.com/watch?v={JFK}"
    assert changed["Discord Channel"] == "market-outlook"


async def test_an_unfinished_page_in_a_shared_database_is_done_as_its_own_channel_wants(
    worlds: Worlds, start_bot: StartBot, write_channels: WriteChannels
) -> None:
    worlds.discord.add_channel("talks")
    message = worlds.discord.post("talks", f"https://youtu.be/{JFK}")
    url = f"https://discord.com/channels/{worlds.discord.guild_id}/{message['channel_id']}/{message['id']}"
    cells = {"Message ID": message["id"], "Message URL": url, "Video ID": JFK}
    page_id = worlds.notion.add_page(worlds.audit_database, cells | {"Transcript Process Status": "Processing"})
    channels = write_channels('[channels.talks]\nlike = "audit-process"\ntitle_format = "Talk: {title}"')

    async with start_bot(CHANNELS_FILE=channels):
        await audited(worlds, message)

    assert worlds.notion.pages(worlds.audit_database) == [page_id]
    page = worlds.notion.page_values(page_id)
    assert (page["Name"], page["Transcript Process Status"]) == ("Talk: The ok video", "Complete")


async def test_a_database_that_is_not_there_ends_the_start_with_the_channel_and_the_file(
    start_bot: StartBot, write_channels: WriteChannels
) -> None:
    channels = write_channels(f'[channels.podcasts]\nlike = "education"\ndatabase = "{"0" * 32}"')

    with pytest.raises(
        StartError, match=r'^"database" of \[channels.podcasts\] in CHANNELS_FILE is wrong: Notion shows'
    ):
        async with start_bot(CHANNELS_FILE=channels):
            pass
