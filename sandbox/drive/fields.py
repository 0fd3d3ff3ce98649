"""Partial answers: the `fields` parameter, such as `id,files(id,owners/me),*`."""

from __future__ import annotations

import re
from typing import Any

from sandbox.drive.errors import invalid

Mask = dict[str, "Mask"]
"""The wanted fields with what is wanted of each; an empty mask means everything."""


def parsed(fields: str) -> Mask:
    """Return what a `fields` parameter asks for; raise a refusal for one that cannot be read."""
    tokens = re.findall(r"[\w*-]+|[^\s\w*-]", fields)
    mask = _list(tokens)
    if tokens or not mask:
        raise invalid("fields", f"Invalid field selection {fields}", "invalidParameter")
    return mask


def _list(tokens: list[str]) -> Mask:
    mask: Mask = {}
    while tokens and re.fullmatch(r"[\w*-]+", tokens[0]):
        mask.setdefault(tokens.pop(0), {}).update(_of_one(tokens))
        if tokens[:1] != [","]:
            break
        tokens.pop(0)
    return mask


def _of_one(tokens: list[str]) -> Mask:
    if tokens[:1] == ["/"]:
        tokens.pop(0)
        return {tokens.pop(0): _of_one(tokens)} if tokens else {}
    if tokens[:1] == ["("]:
        tokens.pop(0)
        inner = _list(tokens)
        if tokens[:1] == [")"]:
            tokens.pop(0)
        return inner
    return {}


def masked(resource: Any, mask: Mask) -> Any:
    """Return the part of an answer that a mask asks for."""
    if isinstance(resource, list):
        return [masked(item, mask) for item in resource]
    if not mask or not isinstance(resource, dict):
        return resource
    if "*" in mask:
        return {key: masked(value, mask.get(key, mask["*"])) for key, value in resource.items()}
    return {key: masked(value, mask[key]) for key, value in resource.items() if key in mask}
