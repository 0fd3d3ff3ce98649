"""What Discord, Notion and Drive show, in the terminal: live, or a line for each change where there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import aclosing, contextmanager, nullcontext
from typing import Any

from rich import box
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

NARROW = 100
"""Columns of a terminal in which panels stand below each other."""
STYLES = {"Complete": "green", "complete": "green", "Error": "red", None: "dim"}
_CONTROL = dict.fromkeys([*range(32), *range(127, 160)], " ")


async def show(worlds: Worlds, console: Console) -> None:
    """Show every change until cancelled, and then how it ended."""
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
            yield f"Notion   {_plain(row['values']['Name'])}: {_outcome(row['values'])}".rstrip()
    for path, file in _files(seen["drive"]):
        yield f"Drive    {_plain(path)}  {decimal(file['bytes'])}"


def panels(seen: Json, width: int) -> RenderableType:
    """Return Discord, Notion and Drive side by side, below each other where that would be too narrow."""
    parts = (
        Panel(Group(*_discord(seen)), title="Discord", border_style="dim"),
        Panel(Group(*map(_notion, seen["tables"])), title="Notion", border_style="dim"),
        Panel(_drive(seen["drive"]), title="Drive", border_style="dim"),
    )
    if width < NARROW:
        return Group(*parts)
    grid = Table.grid(expand=True)
    for share in (4, 4, 3):
        grid.add_column(ratio=share)
    grid.add_row(*parts)
    return grid


def _discord(seen: Json) -> Iterator[Text]:
    for channel in seen["channels"]:
        yield Text(f"# {channel['name']}", style="bold")
        for message in channel["messages"]:
            yield Text(_said(message))
            if reactions := _reactions(message):
                yield Text(f"  {reactions}")


def _notion(table: Json) -> Table:
    shown = Table(title=table["title"], title_justify="left", box=box.SIMPLE_HEAD, expand=True)
    for heading in ("Name", "Status", "min"):
        shown.add_column(heading)
    for row in table["rows"]:
        values = row["values"]
        status = values["Transcript Process Status"]
        minutes = "" if values["Lenght min"] is None else str(values["Lenght min"])
        shown.add_row(
            Text(_plain(values["Name"])), Text(_outcome(values), style=STYLES.get(status, "yellow")), Text(minutes)
        )
    return shown


def _drive(files: list[Json], parent: Tree | None = None) -> Tree:
    tree = parent or Tree("My Drive")
    for file in files:
        size = f"  {decimal(file['bytes'])}" if "bytes" in file else ""
        branch = tree.add(Text(_plain(file["name"])).append(size, style="dim"))
        _drive(file.get("children", []), branch)
    return tree


def _said(message: Json) -> str:
    files = [f"[{file['name']}]" for file in message["attachments"]]
    return f"{_plain(message['author'])}: {_plain(' '.join([message['content'], *files]).strip())}"


def _reactions(message: Json) -> str:
    return " ".join(reaction["emoji"] for reaction in message["reactions"])


def _outcome(values: Json) -> str:
    status = values["Transcript Process Status"] or "waiting"
    return f"{status} ({_plain(errors)})" if (errors := values.get("ProcessErrors")) else status


def _files(tree: list[Json], path: str = "") -> Iterator[tuple[str, Json]]:
    for entry in tree:
        if "children" in entry:
            yield from _files(entry["children"], f"{path}{entry['name']}/")
        else:
            yield path + entry["name"], entry


def _plain(text: str) -> str:
    """Return text that cannot steer a terminal."""
    return text.translate(_CONTROL)
