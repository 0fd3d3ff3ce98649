"""The scan behind every test finds what is planted, wherever that is."""

import asyncio
import logging
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable

import discord
import pytest

from sandbox.discord.world import DiscordWorld
from sandbox.drive.world import DriveWorld
from sandbox.notion.world import NotionWorld
from services.clients.notion import NotionClient
from services.errors import TransientError
from tests.secret_scan import SecretScan

Sign = Callable[[DiscordWorld], str]


async def ask(notion: NotionClient, world: NotionWorld) -> None:
    """Let the world see its token."""
    await notion.data_source(world.audit_database())


@pytest.mark.leak
async def test_a_token_in_a_log_is_found(notion: NotionClient, notion_world: NotionWorld) -> None:
    await ask(notion, notion_world)

    logging.getLogger("services.x").debug("1-a: Notion said no to %s", notion_world.token)


@pytest.mark.leak
async def test_a_token_in_a_traceback_is_found(notion: NotionClient, notion_world: NotionWorld) -> None:
    await ask(notion, notion_world)
    error = TransientError(f"Notion said no to {notion_world.token}")

    logging.getLogger("asyncio").error("it failed", exc_info=error)


@pytest.mark.leak
async def test_a_token_on_a_page_is_found(notion: NotionClient, notion_world: NotionWorld) -> None:
    database = notion_world.audit_database()
    page = notion_world.add_page(database, {"Name": "x"})

    await notion.update_error_field(
        page,
        f"Notion said no to {notion_world.token}",
        {"process_errors": "ProcessErrors", "status": "Transcript Process Status"},
    )


@pytest.mark.leak
async def test_a_signed_link_in_a_message_is_found(world: DiscordWorld, client: discord.Client) -> None:
    message = world.post("audit-process", files=[("talk.mp4", b"mp4", "video/mp4")])
    channel = await client.fetch_channel(int(message["channel_id"]))
    assert isinstance(channel, discord.TextChannel)
    [attachment] = (await channel.fetch_message(int(message["id"]))).attachments

    await channel.send(f"see {attachment.url}", allowed_mentions=discord.AllowedMentions.none())


@pytest.mark.leak
async def test_a_token_that_a_process_writes_is_found(secret_scan: SecretScan) -> None:
    told = {"WEBHOOK_SECRET": "open sesame"}
    script = "import os, sys; print(os.environ['WEBHOOK_SECRET'], file=sys.stderr)"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, env=told, stderr=PIPE)
    await process.communicate()

    assert "open sesame" in secret_scan.known


async def test_an_interactions_token_that_a_library_logs_is_gone_from_what_is_written(secret_scan: SecretScan) -> None:
    secret_scan.known.add("aW50ZXJhY3Rpb246")

    logging.getLogger("discord.http").warning(
        "PATCH %s got 429", "/api/v10/webhooks/1/aW50ZXJhY3Rpb246/messages/@original"
    )


async def test_the_secrets_of_each_world_are_known(secret_scan: SecretScan) -> None:
    drive = DriveWorld()
    await drive.start()
    await drive.stop()

    assert drive in secret_scan.worlds
