"""What the bot showed of its jobs, and when: read from the requests that the worlds got."""

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sandbox.server import Exchange
from sandbox.worlds import Worlds
from services.jobs.job import Job, Stage


class Step(IntEnum):
    """How far a job is, as far as all of its reports tell it."""

    REQUESTED, PROCESSING, DOWNLOADING, TRANSCRIBING, UPLOADING, ENDED = range(6)


@dataclass(frozen=True, slots=True)
class Shown:
    """One request that made a report say something."""

    job: str
    """The id of its message: each of these has one video."""
    step: Step
    at: float
    """When it was to be seen, in seconds since the epoch."""


_STAGES = {
    Stage.PROCESSING: Step.PROCESSING,
    Stage.DOWNLOADING: Step.DOWNLOADING,
    Stage.TRANSCRIBING: Step.TRANSCRIBING,
    Stage.UPLOADING: Step.UPLOADING,
}
_EMOJI = {
    "👀": Step.PROCESSING,
    "⬇️": Step.DOWNLOADING,
    "✍️": Step.TRANSCRIBING,
    "☁️": Step.UPLOADING,
    "✅": Step.ENDED,
    "❌": Step.ENDED,
}
_HEADLINES = {stage.value: step for stage, step in _STAGES.items()} | {"Waiting": Step.REQUESTED}
_REACTION = re.compile(r".*/messages/(\d+)/reactions/(.+)/@me")
_STATUS = "Transcript Process Status"


def recorded(job: Job) -> Iterator[Shown]:
    """Yield when a job came to each step, by its own record."""
    message = str(job.origin.message_id)
    yield Shown(message, Step.REQUESTED, job.created_at.timestamp())
    begun = {run.stage: run for run in reversed(job.stage_runs)}
    for stage, step in _STAGES.items():
        if stage in begun:
            yield Shown(message, step, begun[stage].started_at.timestamp())
    if job.ended_at:
        yield Shown(message, Step.ENDED, job.ended_at.timestamp())


def lags(job: Job, shown: Sequence[Shown]) -> Iterator[float]:
    """Yield how many seconds after each step of a job a report told of it, or of a later one."""
    for step in recorded(job):
        later = [one.at for one in shown if one.job == step.job and one.step >= step.step]
        if later:
            yield max(min(later) - step.at, 0.0)


def on_cards(worlds: Worlds) -> Iterator[Shown]:
    for exchange in _accepted(worlds.discord.exchanges, r"/channels/\d+/messages(/\d+)?"):
        for embed in (exchange.body or {}).get("embeds") or ():
            message = embed["footer"]["text"].partition("-")[0]
            yield Shown(message, _headline(embed["description"]), _moment(exchange))


def in_reactions(worlds: Worlds) -> Iterator[Shown]:
    for exchange in _accepted(worlds.discord.exchanges, _REACTION.pattern):
        if exchange.method == "PUT" and (found := _REACTION.fullmatch(exchange.path)):
            yield Shown(found[1], _EMOJI[found[2]], _moment(exchange))


def on_pages(worlds: Worlds) -> Iterator[Shown]:
    for exchange in _accepted(worlds.notion.exchanges, r"/v1/pages(/[0-9a-f-]+)?"):
        if isinstance(exchange.answer, dict) and exchange.method in ("POST", "PATCH"):
            message = worlds.notion.page_values(exchange.answer["id"])["Message ID"]
            yield Shown(message, _page_status(exchange.body["properties"]), _moment(exchange))


def _headline(description: str) -> Step:
    [line, *_] = description.splitlines()
    [name] = re.findall(r"\*\*(.+?)\*\*", line)
    if line.startswith(("✅", "❌")):
        return Step.ENDED
    return _HEADLINES.get(name, Step.UPLOADING)  # `Complete`, not quite: the last stage, which others do not tell of


def _page_status(properties: dict[str, Any]) -> Step:
    name = properties.get(_STATUS, {}).get("select", {}).get("name")
    if name in ("Complete", "Error"):
        return Step.ENDED
    return _HEADLINES.get(name, Step.REQUESTED)


def _accepted(exchanges: Iterable[Exchange], path: str) -> Iterator[Exchange]:
    pattern = re.compile(f"(/api/v10)?{path}")
    yield from (one for one in exchanges if 200 <= one.status < 300 and pattern.fullmatch(one.path))


def _moment(exchange: Exchange) -> float:
    """Return when an exchange was answered; the loop's clock is the monotonic one."""
    return (exchange.answered_at or exchange.at) + time.time() - time.monotonic()
