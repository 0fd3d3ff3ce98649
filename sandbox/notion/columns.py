"""A data source's columns and their options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sandbox.notion.errors import at_most, invalid
from sandbox.notion.file_upload import attach
from sandbox.notion.uploads import Uploads
from sandbox.notion.values import EMPTY, PARSERS, new_option

CHOICES = ("select", "multi_select", "status")


@dataclass(slots=True)
class Column:
    id: str
    name: str
    type: str
    config: dict[str, Any]
    """The type's own part of the description: options, number format."""

    @property
    def options(self) -> list[dict[str, Any]]:
        options: list[dict[str, Any]] = self.config.get("options", [])
        return options

    @property
    def described(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "description": None, "type": self.type, self.type: self.config}

    def parsed(self, value: dict[str, Any], uploads: Uploads) -> Any:
        """Return what is stored for a request's value; raise a refusal in Notion's words for a bad one."""
        where = f"body.properties.{self.name}.{self.type}"
        stored = PARSERS[self.type](value[self.type], self.options, where)
        return [uploads.found(file, where) for file in stored] if self.type == "files" else stored

    def adopt(self, stored: Any) -> None:
        """Keep the uploads and add the options that an accepted value brought with it."""
        if self.type == "files":
            attach(stored)
        if self.type not in CHOICES or stored is None:
            return
        known = {option["id"] for option in self.options}
        for option in stored if self.type == "multi_select" else [stored]:
            if option["id"] not in known:
                self.options.append(option | {"description": None})

    def without_lost_options(self, stored: Any) -> Any:
        """Return a value as it is after the list of options was replaced."""
        known = {option["id"] for option in self.options}
        if self.type == "multi_select":
            return [option for option in stored if option["id"] in known]
        return stored if stored is None or stored["id"] in known else None


def made(name: str, schema: str | dict[str, Any]) -> Column:
    """Return a new column from a type's name or a request's schema, such as `{"select": {"options": [...]}}`."""
    wanted = {schema: {}} if isinstance(schema, str) else schema
    kind = kind_of(wanted)
    if kind is None:
        raise invalid(f"body failed validation: body.properties.{name} should be a property schema.")
    column = Column("title" if kind == "title" else uuid4().hex[:16], name, kind, {})
    if kind == "number":
        column.config = {"format": wanted[kind].get("format", "number")}
    if kind in CHOICES:
        column.config = {"options": replaced_options(column, wanted[kind].get("options", []))}
    if kind == "status":
        ids = [option["id"] for option in column.options]
        column.config["groups"] = [{"id": uuid4().hex[:16], "name": "To-do", "color": "gray", "option_ids": ids}]
    return column


def kind_of(schema: dict[str, Any]) -> str | None:
    """Return the type that a request's schema names."""
    return next((key for key in schema if key in EMPTY or key == "created_time"), None)


def replaced_options(column: Column, wanted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the list of options after an update: those that it names and no others; known ones keep id and color."""
    at_most(100, len(wanted), f"body.properties.{column.name}.{column.type}.options.length")
    return [_kept_option(column, option) or new_option(option["name"], option.get("color")) for option in wanted]


def _kept_option(column: Column, wanted: dict[str, Any]) -> dict[str, Any] | None:
    key = "id" if "id" in wanted else "name"
    known = next((option for option in column.options if option[key] == wanted[key]), None)
    if known is None:
        return None
    if wanted.get("color", known["color"]) != known["color"]:
        raise invalid(f"Cannot update color of select with name: {known['name']}.")
    return known | {"name": wanted.get("name", known["name"])}
