"""Who may act on the page, and which commands each of them is shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.discord.permissions import Permission
from sandbox.discord.world import DiscordWorld

Json = dict[str, Any]

SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2


@dataclass(frozen=True, slots=True)
class Person:
    user: Json
    role: str


def people_of(discord: DiscordWorld) -> tuple[Person, ...]:
    """Return who may act: those who are there already, and two who join for it."""
    return (
        Person(discord.poster, "poster"),
        Person(discord.add_member("Mona", permissions=Permission.MANAGE_MESSAGES), "moderator"),
        Person(discord.add_member("Ben"), "bystander"),
        Person(discord.owner, "owner"),
    )


def shown(discord: DiscordWorld, people: Iterable[Person]) -> list[Json]:
    """Return the people as the page shows them."""
    return [
        {
            "id": person.user["id"],
            "name": person.user["global_name"],
            "role": person.role,
            "commands": [
                entry for command in discord.commands_for(person.user) for entry in _entries(command, command["type"])
            ],
        }
        for person in people
    ]


def _entries(command: Json, kind: int, above: str = "") -> Iterator[Json]:
    """Yield a command, or each of its subcommands by its full name."""
    name, options = f"{above}{command['name']}", command.get("options", [])
    if inner := [option for option in options if option["type"] in (SUBCOMMAND, SUBCOMMAND_GROUP)]:
        for option in inner:
            yield from _entries(option, kind, f"{name} ")
    else:
        yield {"name": name, "type": kind, "description": command["description"], "options": options}
