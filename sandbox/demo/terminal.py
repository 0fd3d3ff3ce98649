"""What Discord, Notion and Drive show, in the terminal: live, or a line for each change where there is none."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, nullcontext, suppress
from datetime import datetime, timezone
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.filesize import decimal
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from sandbox.demo.snapshot import snapshot
from sandbox.demo.watch import changes
from sandbox.worlds import Worlds

Json = dict[str, Any]

STATUS = "Transcript Process Status"
NARROW = 100
"""Columns of a terminal in which the panels stand below each other."""
TEASER = 200
"""Characters of a transcript that are shown."""
LINK = re.compile(r"\[([^\]]+)\]\(<?[^)>]+>?\)")
MOMENT = re.compile(r"<t:(\d+)(?::\w)?>")
SIGNS = re.compile(r"\*\*|\\(?=[^\w\s])")
"""Bold, and what keeps a sign from being markup."""
STYLES = {"Complete": "green", "complete": "green", "Error": "red", None: "dim"}
CONTROL = dict.fromkeys([*range(32), *range(127, 160)], " ")


@asynccontextmanager
async def shown(worlds: Worlds, console: Console) -> AsyncIterator[None]:
    """Show every change until the end of the context, and then how it ended."""
    showing = asyncio.create_task(_show(worlds, console))
    try:
        yield
    finally:
        showing.cancel()
        with suppress(asyncio.CancelledError):
            await showing


async def _show(worlds: Worlds, console: Console) -> None:
    with _panels_on(worlds, console) if console.is_terminal else nullcontext(_lines_on(worlds, console)) as draw:
        try:
            async with aclosing(changes(worlds)) as moments:
                async for _ in moments:
                    draw()
        finally:
            draw()


@contextmanager
def _panels_on(worlds: Worlds, console: Console) -> Iterator[Callable[[], None]]:
    with Live(console=console, auto_refresh=False) as live:
        yield lambda: live.update(panels(snapshot(worlds), console.width), refresh=True)


def _lines_on(worlds: Worlds, console: Console) -> Callable[[], None]:
    shown: set[str] = set()

    def draw() -> None:
        for line in lines(snapshot(worlds)):
            if line not in shown:
                shown.add(line)
                console.print(Text(line), soft_wrap=True)

    return draw


def lines(seen: Json) -> Iterator[str]:
    """Yield one line for every message, page and file of a snapshot."""
    for channel in seen["channels"]:
        for message in channel["messages"]:
            yield f"Discord  #{channel['name']}  {_said(message)}  {_reactions(message)}".rstrip()
    for table in seen["tables"]:
        for row in table["rows"]:
            yield f"Notion   {_plain(row['values']['Name'])}: {_outcome(row['values'])}"
    for path, file in _files(seen["drive"]):
        yield f"Drive    {_plain(path)}  {decimal(file['bytes'])}"


def panels(seen: Json, width: int) -> RenderableType:
    """Return Discord, Notion and Drive side by side, below each other where that would be too narrow."""
    parts = [
        Panel(Group(*contents), title=title, border_style="dim")
        for title, contents in (
            ("Discord", _discord(seen["channels"])),
            ("Notion", _notion(seen["tables"])),
            ("Drive", [_drive(seen["drive"])]),
        )
    ]
    if width < NARROW:
        return Group(*parts)
    grid = Table.grid(expand=True)
    for share in (4, 4, 3):
        grid.add_column(ratio=share)
    grid.add_row(*parts)
    return grid


def _discord(channels: list[Json]) -> Iterator[Text]:
    for channel in channels:
        if channel["messages"]:
            yield Text(f"# {channel['name']}", style="bold")
        for message in channel["messages"]:
            yield Text(_said(message), style="" if message["is_bot"] else "cyan")
            yield Text(f"  {_reactions(message)}")


def _notion(tables: list[Json]) -> Iterator[Table]:
    for table in tables:
        if not table["rows"]:
            continue
        shown = Table("Name", "Status", "min", title=table["title"], title_justify="left", box=SIMPLE_HEAD, expand=True)
        for values in (row["values"] for row in table["rows"]):
            name = Text(_plain(values["Name"])).append(f"\n{_plain(values['Transcript'])[:TEASER]}", style="dim")
            status = Text(_outcome(values), style=STYLES.get(values[STATUS], "yellow"))
            shown.add_row(name, status, str(values["Lenght min"] or ""))
        yield shown


def _drive(files: list[Json], tree: Tree | None = None) -> Tree:
    tree = tree or Tree("My Drive")
    for file in files:
        size = f"  {decimal(file['bytes'])}" if "bytes" in file else ""
        _drive(file.get("children", []), tree.add(Text(_plain(file["name"])).append(size, style="dim")))
    return tree


def _files(tree: list[Json], path: str = "") -> Iterator[tuple[str, Json]]:
    for entry in tree:
        if "children" in entry:
            yield from _files(entry["children"], f"{path}{entry['name']}/")
        else:
            yield path + entry["name"], entry


def _said(message: Json) -> str:
    files = [f"[{file['name']}]" for file in message["attachments"]]
    cards = [f"[{embed.get('title', '')}] {_first_line(embed)}" for embed in message["embeds"]]
    return _plain(f"{message['author']}: {_unmarked(' '.join([message['content'], *cards, *files]).strip())}")


def _first_line(embed: Json) -> str:
    return str(embed.get("description", "")).partition("\n")[0]


def _unmarked(text: str) -> str:
    """Return what a text says, without Discord's Markdown."""
    told = LINK.sub(r"\1", MOMENT.sub(lambda found: f"at {_time(int(found[1]))}", text))
    return SIGNS.sub("", told)


def _time(unix: int) -> str:
    return f"{datetime.fromtimestamp(unix, timezone.utc).astimezone():%H:%M:%S}"


def _reactions(message: Json) -> str:
    return " ".join(reaction["emoji"] for reaction in message["reactions"])


def _outcome(values: Json) -> str:
    return _plain(values.get("ProcessErrors") or values[STATUS] or "waiting")


def _plain(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return text.translate(CONTROL)
