"""`python -m sandbox`: the real bot in the sandbox's worlds, and a video posted to it."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_settings import PydanticBaseSettingsSource
from rich.console import Console
from rich.logging import RichHandler

from bot import app, log
from config.settings import Settings
from sandbox.demo import sample, screenshot, terminal
from sandbox.demo.page import Page
from sandbox.demo.promises import broken_promises
from sandbox.demo.summary import has_ended, summary
from sandbox.demo.watch import until
from sandbox.model import ModelError
from sandbox.server import SPECS
from sandbox.worlds import Worlds
from services.errors import AuditscribeError

CHANNEL = "audit-process"
STOPPED = 130
"""The exit status of a shell's command that was interrupted."""


class OwnSettings(Settings):
    """The bot's settings without this machine's environment, where a real account's may be."""

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: Any, init_settings: PydanticBaseSettingsSource, **_: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def main() -> int:
    options = _options()
    console = Console(stderr=options.json)
    log.configure("WARNING" if console.is_terminal else "INFO")
    if console.is_terminal:  # what is logged goes above the live view
        logging.basicConfig(level="WARNING", handlers=[RichHandler(console=console, show_path=False)], force=True)
    if not SPECS.is_dir():
        _say("UNCHECKED: the official descriptions of Discord and Notion are not here.")
    try:
        return asyncio.run(demo(options, console))
    except (app.StartError, AuditscribeError, ModelError, OSError) as error:
        _say(str(error))
        return 1


async def demo(options: argparse.Namespace, console: Console) -> int:
    """Run until the posted video is done, or until a signal; return the exit status."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="auditscribe-")))
        post = sample.file_of_ones_own(options.post) if options.post else sample.sample(folder)
        worlds = await stack.enter_async_context(Worlds(folder))
        links = sample.add_links(worlds)
        page = await stack.enter_async_context(Page(worlds, links))
        console.print(f"The page: {page.url}")
        await stack.enter_async_context(_shown(worlds, console))
        bot = await stack.enter_async_context(_bot(worlds, stop))
        begun = asyncio.get_running_loop().time()
        file = (post.name, post.content, post.content_type)
        messages = [worlds.discord.post(CHANNEL, "Please audit this recording.", files=[file])]
        if not options.once:
            messages.append(worlds.discord.post(CHANNEL, f"And this one: {links['YouTube']}"))
