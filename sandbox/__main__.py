"""`python -m sandbox`: the real bot in the sandbox's worlds, and a video posted to it."""

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from rich.console import Console
from rich.logging import RichHandler

from bot import app, log
from bot.start import StartError
from config.settings import Settings
from sandbox.demo import dashboard, sample, screenshot, states, terminal
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
"""The exit status of an interrupted command."""


class OwnSettings(Settings):
    """The bot's settings without this machine's environment, where a real account's may be."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 (the signature is pydantic's)
        init_settings: PydanticBaseSettingsSource,
        *_: Any,
        **__: Any,
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
        return asyncio.run(_asked(options, console))
    except (StartError, AuditscribeError, ModelError, OSError) as error:
        _say(str(error))
        return 1


async def _asked(options: argparse.Namespace, console: Console) -> int:
    if options.cards:
        return await cards(options.cards)
    return await dashboards(options.dashboard) if options.dashboard else await demo(options, console)


async def demo(options: argparse.Namespace, console: Console) -> int:
    """Run until the posts are done or, where nothing ends it, until a signal; return the exit status."""
    with TemporaryDirectory(prefix="auditscribe-") as folder:
        post = sample.file_of_ones_own(options.post) if options.post else sample.sample(Path(folder))
        async with (
            Worlds(Path(folder)) as worlds,
            Page(worlds, links := sample.add_links(worlds)) as page,
            terminal.shown(worlds, console),
            _bot(worlds) as bot,
        ):
            console.print(f"The same in a browser: {page.url}")
            begun = asyncio.get_running_loop().time()
            file = (post.name, post.content, post.content_type)
            messages = [worlds.discord.post(CHANNEL, "Please audit this recording.", files=[file])]
            if not options.once:
                messages.append(worlds.discord.post(CHANNEL, f"And this one: {links['YouTube']}"))
            if not options.once and not options.screenshot:
                console.print("Ctrl-C ends the demo.")
                await asyncio.wait({bot})
                return 0
            if not await _done_before_end_of(bot, _audited(worlds, messages, post.patience_s)):
                return STOPPED
            if options.screenshot:
                await screenshot.take(page.url, options.screenshot)
            told = summary(worlds, messages[0], asyncio.get_running_loop().time() - begun)
    return _report(told, post, as_json=options.json)


async def cards(folder: Path) -> int:
    """Save a picture of a card in each of its states, or until a signal; return the exit status."""
    with TemporaryDirectory(prefix="auditscribe-") as home:
        async with Worlds(Path(home)) as worlds, Page(worlds, {}) as page, _bot(worlds, WORKERS="1") as bot:
            return 0 if await _done_before_end_of(bot, states.take(worlds, page.url, folder)) else STOPPED


async def dashboards(folder: Path) -> int:
    """Save pictures of the bot's dashboard, or until a signal; return the exit status."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with TemporaryDirectory(prefix="auditscribe-") as home:
        async with Worlds(Path(home)) as worlds, _bot(worlds, WORKERS="1", PORT=port) as bot:
            pictures = dashboard.take(worlds, f"http://127.0.0.1:{port}", folder)
            return 0 if await _done_before_end_of(bot, pictures) else STOPPED


async def _audited(worlds: Worlds, messages: list[Any], within: float) -> None:
    """Wait until the messages' videos are done, at most `within` seconds."""
    with suppress(TimeoutError):
        await until(worlds, lambda: all(has_ended(worlds, one) for one in messages), within)


async def _done_before_end_of(bot: asyncio.Task[None], work: Coroutine[Any, Any, None]) -> bool:
    """Do something while the bot runs; return False if the bot ends before that is done."""
    doing = asyncio.create_task(work)
    await asyncio.wait({doing, bot}, return_when=asyncio.FIRST_COMPLETED)
    doing.cancel()
    with suppress(asyncio.CancelledError):
        await doing
    return not bot.done()


def _report(told: dict[str, Any], post: sample.Post, *, as_json: bool) -> int:
    broken = list(broken_promises(told, post))
    for sentence in broken:
        _say(sentence)
    _say(f"{'Not as promised' if broken else 'All as promised'}, after {told['seconds']} s.")
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
    return 1 if broken else 0


@asynccontextmanager
async def _bot(worlds: Worlds, **more: str) -> AsyncIterator[asyncio.Task[None]]:
    """The bot, connected, with `more` settings; a signal ends it, or the end of the context."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    os.environ.update(worlds.environment() | {"NO_PROXY": "127.0.0.1"})
    settings = OwnSettings.model_validate({name.lower(): value for name, value in (worlds.settings() | more).items()})
    running = asyncio.create_task(app.run(settings, {}, stop))
    connected = asyncio.create_task(worlds.discord.until(lambda: worlds.discord.connected))
    try:
        await asyncio.wait({running, connected}, return_when=asyncio.FIRST_COMPLETED)
        yield running
    finally:
        connected.cancel()
        stop.set()
        await asyncio.gather(connected, return_exceptions=True)
        await running


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when the video is done; status 0: all as promised")
    parser.add_argument("--post", type=Path, metavar="FILE", help="post this video or recording instead of the sample")
    parser.add_argument("--json", action="store_true", help="as --once, with one JSON object as stdout's last line")
    parser.add_argument("--screenshot", type=Path, metavar="PNG", help="take a picture of the page when all is done")
    parser.add_argument("--cards", type=Path, metavar="FOLDER", help="take a picture of a card in each of its states")
    parser.add_argument("--dashboard", type=Path, metavar="FOLDER", help="take pictures of the dashboard")
    options = parser.parse_args()
    options.once = options.once or options.json
    return options


if __name__ == "__main__":
    sys.exit(main())
