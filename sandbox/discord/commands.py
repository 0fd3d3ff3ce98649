"""Application commands: as they are registered, and as a person's use of one travels to the bot."""

from collections.abc import Iterator
from typing import Any

from sandbox.discord.errors import invalid
from sandbox.discord.objects import Json, Snowflakes
from sandbox.discord.permissions import Permission

CHAT_INPUT, MESSAGE = 1, 3
SUBCOMMAND, SUBCOMMAND_GROUP = 1, 2


class Commands:
    """Keeps the commands of each guild and, under None, the global ones."""

    def __init__(self, new_id: Snowflakes, application_id: str) -> None:
        self._new_id = new_id
        self._application_id = application_id
        self._commands: dict[str | None, list[Json]] = {}

    def of(self, guild_id: str | None) -> list[Json]:
        return self._commands.get(guild_id, [])

    def overwrite(self, guild_id: str | None, wanted: list[Json]) -> list[Json]:
        """Replace all commands of a guild; one that keeps its name and type keeps its id."""
        known = {_key(command): command for command in self.of(guild_id)}
        self._commands[guild_id] = [
            self._registered(number, fields, guild_id, known.get(_key(fields))) for number, fields in enumerate(wanted)
        ]
        return self.of(guild_id)

    def find(self, name: str, kind: int, guild_id: str) -> Json:
        """Return the command that a member would see; raise LookupError where there is none."""
        for command in (*self.of(guild_id), *self.of(None)):
            if _key(command) == (name, kind):
                return command
        raise LookupError(f"no command {name!r} is registered")

    def _registered(self, number: int, fields: Json, guild_id: str | None, known: Json | None) -> Json:
        kind, name = fields.get("type") or CHAT_INPUT, fields["name"]
        if kind == CHAT_INPUT and (name != name.lower() or " " in name):
            raise invalid(f"{number}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if kind == CHAT_INPUT and not fields.get("description"):
            raise invalid(f"{number}.description", "BASE_TYPE_REQUIRED", "This field is required")
        permissions = fields.get("default_member_permissions")
        return {
            **{key: value for key, value in fields.items() if value is not None},
            "id": known["id"] if known else self._new_id(),
            "application_id": self._application_id,
            "version": self._new_id(),
            "type": kind,
            "description": fields.get("description") or "",
            "default_member_permissions": None if permissions is None else str(permissions),
            **({"guild_id": guild_id} if guild_id else {}),
        }


def chat_input(command: Json, path: list[str], given: dict[str, Any], focused: str | None = None) -> Json:
    """Return an interaction's data: `path` names subcommands, `given` the options by name.

    Raises LookupError for an option that the command has not, ValueError where a required one is left out.
    """
    return {
        "id": command["id"],
        "name": command["name"],
        "type": CHAT_INPUT,
        "options": _filled(command, path, given, focused),
    }


def may_see(command: Json, held: int) -> bool:
    """Whether a member with these permissions is shown a command (`default_member_permissions`: "0" for nobody)."""
    wanted = command["default_member_permissions"]
    if wanted is None or held & Permission.ADMINISTRATOR:
        return True
    return int(wanted) != 0 and held & int(wanted) == int(wanted)


def _filled(level: Json, path: list[str], given: dict[str, Any], focused: str | None) -> list[Json]:
    known = {option["name"]: option for option in level.get("options", [])}
    if path:
        inner = known[path[0]]
        return [{"name": path[0], "type": inner["type"], "options": _filled(inner, path[1:], given, focused)}]
    if unknown := given.keys() - known.keys():
        raise LookupError(f"{level['name']} has no option {', '.join(unknown)}")
    if focused is None and (missing := {name for name in known if known[name].get("required")} - given.keys()):
        raise ValueError(f"{level['name']} needs {', '.join(missing)}")
    return list(_values(known, given, focused))


def _values(known: dict[str, Json], given: dict[str, Any], focused: str | None) -> Iterator[Json]:
    for name, value in given.items():
        yield {
            "name": name,
            "type": known[name]["type"],
            "value": value,
            **({"focused": True} if name == focused else {}),
        }


def _key(command: Json) -> tuple[str, int]:
    return command["name"], command.get("type") or CHAT_INPUT
