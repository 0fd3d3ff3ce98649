"""The one answer to a poster of whom more was asked than is taken, however much that is."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import discord
import sqlalchemy as sa
from pydantic import TypeAdapter

from cogs.discord_errors import named_errors
from cogs.views.refusal import and_since, refusal
from services.admission import Admitted
from services.jobs.job import Origin
from services.pipeline.projection import Projection
from services.schema import notes
from services.store import JobStore

_EVERY_S = 10.0
"""Between two edits of an answer, in which all that was refused meanwhile is counted."""
_ONE_FLOOD = timedelta(minutes=10)
"""What is refused later than that after the last time gets an answer of its own."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was not taken of a poster in a channel, from the message on that is answered."""

    guild_id: int
    channel_id: int
    message_id: int
    sentence: str
    at: datetime
    """When the last of it was posted, or edited in."""
    last_url: str
    videos: int = 0
    """Of the messages after the first."""
    messages: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the channel was told."""

    id: int
    message_id: int
    at: datetime
    """That of the refusal."""


_REFUSAL, _ANSWER = TypeAdapter(Refusal), TypeAdapter(Answer)


class Refusals:
    """Replies to the first message of which not all was taken, and edits that reply for those that follow.

    What was refused is in the ledger before the message counts as dealt with, so that a restart forgets none of it and
    answers nothing twice.
    """

    def __init__(self, client: discord.Client, store: JobStore, every_s: float = _EVERY_S) -> None:
        self._client = client
        self._store = store
        self._every_s = every_s
        self._answers: Projection[int, tuple[str, Refusal]] = Projection("refusal", self._show, newest_only=True)

    async def tell(self, origin: Origin, at: datetime, admitted: Admitted, videos: int) -> None:
        """Tell the poster of a message what became of its `videos`; `at` is when it was posted or last edited."""
        who = f"{origin.channel_id} {origin.author_id}"
        last = await self._store.find_note(f"refused {who}")
        known = _REFUSAL.validate_json(last) if last else None
        if known and at <= known.at:  # the message was read again
            return
        if known and at - known.at < _ONE_FLOOD:
            told = replace(
                known,
                at=at,
                last_url=origin.message_url,
                videos=known.videos + admitted.refused,
                messages=known.messages + 1,
            )
        else:
            place = origin.guild_id, origin.channel_id, origin.message_id
            told = Refusal(*place, refusal(admitted, videos), at, origin.message_url)
        await self._store.keep_note(f"refused {who}", _REFUSAL.dump_json(told).decode())
        self._answers.push(told.message_id, (who, told))

    async def restore(self) -> None:
        """Tell what a stopped bot had no time to tell."""
        query = sa.select(notes.c.name, notes.c.text).where(notes.c.name.startswith("refused "))
        for name, text in await self._store.rows(query):
            told = _REFUSAL.validate_json(text)
            self._answers.push(told.message_id, (name.removeprefix("refused "), told))

    async def drain(self) -> None:
        await self._answers.drain()

    async def aclose(self) -> None:
        await self._answers.aclose()

    async def _show(self, message_id: int, refused: tuple[str, Refusal]) -> None:
        who, told = refused
        note = f"answered {who}"
        text = await self._store.find_note(note)
        answer = _ANSWER.validate_json(text) if text else None
        if answer and answer.message_id == message_id:
            if answer.at == told.at:
                return
            await asyncio.sleep(self._every_s)
            answer_id = await self._say(told, answer.id)
        else:
            answer_id = await self._say(told, None)
        await self._store.keep_note(note, _ANSWER.dump_json(Answer(answer_id, message_id, told.at)).decode())

    async def _say(self, told: Refusal, answer_id: int | None) -> int:
        """Make an answer say what is told; without its id, reply. Returns its id."""
        text = and_since(told.sentence, told.videos, told.messages, told.last_url)
        channel = self._client.get_partial_messageable(told.channel_id, guild_id=told.guild_id)
        nobody = discord.AllowedMentions.none()
        with named_errors():
            if answer_id:
                await channel.get_partial_message(answer_id).edit(content=text, allowed_mentions=nobody)
                return answer_id
            posted = channel.get_partial_message(told.message_id)
            sent = await channel.send(
                text,
                reference=posted.to_reference(fail_if_not_exists=False),
                allowed_mentions=nobody,
                nonce=f"refusal{told.message_id % 10**18}",  # Discord makes no second message of one for minutes
            )
            return sent.id
