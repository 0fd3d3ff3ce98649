"""What a message is made of, as Discord shows it after it was sent: embeds and components."""

from collections.abc import Iterable
from itertools import count
from typing import Any

from sandbox.discord.objects import Json


def shown_embed(embed: Json) -> Json:
    """Return an embed as Discord shows it after one was sent: typed, without what was left empty."""
    kept: Json = _without_nothing(embed)
    if "fields" in kept:
        kept["fields"] = [{"inline": False, **field} for field in kept["fields"]]
    return {**kept, "type": "rich"}


_COMPONENT_DEFAULTS: dict[int, Json] = {
    3: {"min_values": 1, "max_values": 1},
    14: {"spacing": 1, "divider": True},
    17: {"accent_color": None, "spoiler": False},
}


def shown_components(components: Iterable[Json]) -> list[Json]:
    """Return components as Discord shows them: numbered in order where they had no id, defaults filled in."""
    numbers = count(1)

    def shown(component: Json) -> Json:
        kept: Json = _without_nothing(component)
        kept = {**_COMPONENT_DEFAULTS.get(kept["type"], {}), "id": next(numbers), **kept}
        if "components" in kept:
            kept["components"] = [shown(child) for child in kept["components"]]
        if "accessory" in kept:
            kept["accessory"] = shown(kept["accessory"])
        return kept

    return [shown(component) for component in components]


def _without_nothing(value: Any) -> Any:
    """Return JSON without the fields that are null, at any depth."""
    if isinstance(value, list):
        return [_without_nothing(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_nothing(item) for key, item in value.items() if item is not None}
    return value
