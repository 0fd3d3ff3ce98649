"""What was posted while nobody listened: read from the channels' history, before anything newer is taken."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, repeat
from weakref import WeakValueDictionary

import discord

from cogs.discord_errors import named_errors
from cogs.intake import Intake, Place
from config.notion_config import ChannelRoute
from services.errors import AuditscribeError, PermanentError
from services.store import JobStore

log = logging.getLogger(__name__)

_WAITS_S = (5.0, 30.0, 120.0, 600.0)
"""Before what could not be read is tried again; the last one repeats."""
_LAST_ONES_S = 1.0
"""How long a stopping bot waits for messages that are being taken."""
_TO_BE_READ = -1
"""No session's number."""

NewestKnown = Callable[[ChannelRoute, str], Awaitable[int | None]]
"""Returns the newest message of a channel (by its name) that has a page."""
TakeUp = Callable[[], Awaitable[bool]]
"""Returns False where another try may do better."""


class CatchUp:
    """Takes every message of the watched channels, one at a time in a channel and its threads.

    Each of these has a watermark in the ledger, the id of the last message dealt with. It moves once the message's
    jobs are in the ledger, and never past a message that was not taken: what a crash cut off is read again.
    """

    def __init__(
        self,
        client: discord.Client,
        intake: Intake,
        store: JobStore,
        *,
        newest_known: NewestKnown,
        take_up_lost: Sequence[TakeUp],
        waits_s: Sequence[float] = _WAITS_S,
    ) -> None:
        self._client = client
        self._intake = intake
        self._store = store
        self._newest_known = newest_known
        self._take_up_lost = take_up_lost
        self._waits_s = waits_s
        self._session = 0
        self._read_in: dict[int, int] = {}
        """The session in which a place was read to its end. Before the first session nothing can have been missed."""
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._arrived: set[tuple[int, int]] = set()
        """Place and id of each message that waits for its turn, or has it."""
        self._guilds_known = asyncio.Event()

    def begin_session(self) -> None:
        """From here on every place is read again, at the latest before its next message is taken."""
        self._session += 1

    def read_everywhere(self) -> None:
        """Let `serve` look for what was missed, now that a server's channels are known."""
        self._guilds_known.set()

    def turn_of(self, place_id: int) -> asyncio.Lock:
        """First come, first served; a channel and its threads are one."""
        place = self._client.get_channel(place_id)
        shared_id = place.parent_id if isinstance(place, discord.Thread) else place_id
        return self._turns.setdefault(shared_id, asyncio.Lock())

    async def take(self, message: discord.Message) -> None:
        """Take a message that has just arrived, after those that were missed before it."""
        place = message.channel
        if not isinstance(place, Place) or self._intake.route_of(place) is None:
            return
        arrival = (place.id, message.id)
        self._arrived.add(arrival)
        try:
            async with self.turn_of(place.id):
                await self._take_in_turn(place, message)
        finally:
            self._arrived.discard(arrival)

    async def is_history(self, message: discord.Message) -> bool:
        """Return whether a message is older than the first start; where that is not known yet, it counts as such."""
        first = await self._store.find_note(_first_note(message.channel.id))
        return (first is None or message.id <= int(first)) and not await self._store.of_message(message.id)

    async def serve(self) -> None:
        """Read what was missed, after the start and after every lost session, until cancelled."""
        while True:
            await self._guilds_known.wait()
            self._guilds_known.clear()
            for wait in chain(self._waits_s, repeat(self._waits_s[-1])):
                if await self._read_all():
                    break
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._guilds_known.wait()
                        break

    async def settle(self) -> None:
        """Return when nothing is being taken any more, or after a second: the next start reads what was cut off."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_ONES_S):
                for turn in list(self._turns.values()):
                    async with turn:
                        pass

    async def _take_in_turn(self, place: Place, message: discord.Message) -> None:
        await self._read_missed(place, before=message.id)
        is_read, session = self._is_read(place), self._session
        self._read_in[place.id] = _TO_BE_READ  # by whoever comes first, should this message fail
        try:
            await self._intake.take(message)
            if is_read:
                await self._pass(message)
                self._read_in[place.id] = session
        finally:
            if is_read and not self._is_read(place):
                self.read_everywhere()

    async def _read_all(self) -> bool:
        """Return False where another try may do better."""
        places = (self._read_in_turn(place) for place in self._places())
        return all(await asyncio.gather(*places, *(take_up() for take_up in self._take_up_lost)))

    def _places(self) -> Iterator[Place]:
        for guild in self._client.guilds:
            yield from (place for place in places_in(guild) if self._intake.route_of(place) is not None)

    async def _read_in_turn(self, place: Place) -> bool:
        async with self.turn_of(place.id):
            return await self._read_missed(place)

    async def _read_missed(self, place: Place, before: int | None = None) -> bool:
        """Take what a place holds after its watermark, once a session. Returns False where another try may do better.

        `before` is the message that has just arrived.
        """
        if self._is_read(place):
            return True
        session = self._session
        try:
            with named_errors():
                for thread in _threads_of(place):  # which may begin where their parent stood, not where it will stand
                    await self._watermark(thread, before)
                after = discord.Object(await self._watermark(place, before))
                _check_permission(place)
                async for message in place.history(limit=None, after=after, oldest_first=True):
                    await self._intake.take(message)
                    await self._pass(message)
        except AuditscribeError as error:
            log.warning("discord: #%s could not be read since the last message dealt with: %s", place.name, error)
            return isinstance(error, PermanentError)
        except Exception:  # the observer's boundary: what keeps one place from being read never ends the bot
            log.exception("discord: #%s could not be read since the last message dealt with", place.name)
            return False
        self._read_in[place.id] = session
        return True

    def _is_read(self, place: Place) -> bool:
        return self._read_in.get(place.id, 0) == self._session

    async def _watermark(self, place: Place | discord.ForumChannel, before: int | None) -> int:
        """Return the id after which a place is to be read.

        One that the ledger does not know gets its watermark here. A thread starts where its parent stands; a channel
        after the newest message that Notion knows, else now: a first start takes no history.
        """
        known = await self._store.find_note(_note(place.id))
        if known is not None:
            return int(known)
        if isinstance(place, discord.Thread) and place.parent is not None:
            start = await self._watermark(place.parent, before)
        else:
            start = await self._newest_of(place) or _newest_in(place.guild)
        arrived = [message_id for place_id, message_id in self._arrived if place_id == place.id]
        start = min([start, *(message_id - 1 for message_id in (before, *arrived) if message_id is not None)])
        await self._store.keep_note(_first_note(place.id), str(start))
        await self._store.keep_note(_note(place.id), str(start))
        return start

    async def _newest_of(self, place: Place | discord.ForumChannel) -> int | None:
        route = self._intake.route_of(place)
        return await self._newest_known(route, place.name) if route else None

    async def _pass(self, message: discord.Message) -> None:
        """Move the watermark over a message that was dealt with; never back."""
        note = _note(message.channel.id)
        if message.id > int(await self._store.find_note(note) or 0):
            await self._store.keep_note(note, str(message.id))


def _note(place_id: int) -> str:
    return f"seen {place_id}"


def _first_note(place_id: int) -> str:
    """Name the note of a place's first watermark, which stays where it is."""
    return f"first {place_id}"


def places_in(guild: discord.Guild) -> tuple[Place, ...]:
    return (*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads)


def _check_permission(place: Place) -> None:
    """Raise PermanentError where Discord would say that there are no messages, because the bot may not see them."""
    if not place.permissions_for(place.guild.me).read_message_history:
        raise PermanentError("The bot's role lacks the permission Read Message History.")


def _threads_of(place: Place) -> list[discord.Thread]:
    return [thread for thread in place.guild.threads if thread.parent_id == place.id]


def _newest_in(guild: discord.Guild) -> int:
    """Return the id of the newest message anywhere in a guild: now, by Discord's own clock; older if it has none.

    Ours may be wrong, and what is posted before that moment would be missed.
    """
    ids = [place.last_message_id for place in places_in(guild) if place.last_message_id]
    return max(ids, default=guild.id)
