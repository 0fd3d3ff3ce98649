"""A ledger that was begun in the place of a damaged one: what it lacks is found in Discord, and people are told."""

import logging
from collections.abc import Iterator

import discord

from cogs.catch_up import places_in
from cogs.discord_errors import named_errors
from cogs.intake import Intake, Place
from cogs.reactions import own_reactions, remove_own_reactions
from cogs.views.text import ENDED_EMOJI
from services.errors import AuditscribeError
from services.store import KEPT_ASIDE, JobStore

log = logging.getLogger(__name__)

_LOOKED_AT = 200
"""The newest messages of a place among which those are looked for that the damaged ledger had or should have had."""


class BegunAnew:
    """Where pages tell how far their videos are, LostPages finds the unfinished ones; here the reactions do."""

    def __init__(self, client: discord.Client, intake: Intake, store: JobStore) -> None:
        self._client = client
        self._intake = intake
        self._store = store

    async def take_up(self) -> bool:
        """Take up what needs it, then tell of the damage, once. Return False where another try may do better."""
        kept_as = await self._store.find_note(KEPT_ASIDE)
        if kept_as is None:
            return True
        try:
            places = list(self._places())
            for place in places:
                with named_errors():
                    await self._take_up_in(place)
            if places:
                await self._tell(places, kept_as)
            await self._store.drop_note(KEPT_ASIDE)
        except AuditscribeError as error:
            log.warning("discord: what the damaged ledger knew could not be looked for: %s", error)
            return False
        return True

    def _places(self) -> Iterator[Place]:
        """Yield the watched places of the served guilds."""
        for guild in self._client.guilds:
            yield from (place for place in places_in(guild) if self._intake.route_of(place) is not None)

    async def _take_up_in(self, place: Place) -> None:
        """Take what came after the newest message that the bot reacted to, and what its reactions call unfinished."""
        if not place.permissions_for(place.guild.me).read_message_history:
            return
        route = self._intake.route_of(place)
        messages = [message async for message in place.history(limit=_LOOKED_AT)]
        known = [index for index, message in enumerate(messages) if own_reactions(message)]
        for index, message in reversed(list(enumerate(messages[: known[-1] + 1] if known else []))):
            shown = own_reactions(message)
            was_missed = index < known[0]
            is_unfinished = bool(shown) and not shown & ENDED_EMOJI and route is not None and not route.has_status_hooks
            if was_missed or is_unfinished:
                await remove_own_reactions(message)
                await self._intake.take(message)

    async def _tell(self, places: list[Place], kept_as: str) -> None:
        """Say it in one place: where pages are kept true, if there is one."""
        routes = [(place, self._intake.route_of(place)) for place in places]
        place = next((place for place, route in routes if route and route.has_status_hooks), places[0])
        with named_errors():
            await place.send(
                f"⚠️ The bot's ledger was damaged. It is kept aside as `{kept_as}`, and a new one was begun, from "
                "Discord and Notion: unfinished videos go on by themselves, and nobody needs to post them again. "
                "The operator should look after the bot's disk."
            )
