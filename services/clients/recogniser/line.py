"""Where chunks wait for a worker: a short line for each request, and each request in its turn."""

import threading
from collections import deque
from typing import Generic, TypeVar

from services.clients.recogniser.refusal import WithdrawnError

Owner = TypeVar("Owner")
Item = TypeVar("Item")


class Line(Generic[Owner, Item]):
    """At most `room` items of one owner wait; so memory does not grow with the length of a recording."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._waiting: dict[Owner, deque[Item]] = {}
        """In the order of their turns."""
        self._changed = threading.Condition()

    def join(self, owner: Owner) -> None:
        """Let an owner's items in."""
        with self._changed:
            self._waiting[owner] = deque()

    def leave(self, owner: Owner) -> None:
        """Drop what waits of an owner, if it has not left before; nothing more of it is let in."""
        with self._changed:
            self._waiting.pop(owner, None)
            self._changed.notify_all()

    def has(self, owner: Owner) -> bool:
        """Whether an owner has joined and not left."""
        return owner in self._waiting

    def put(self, owner: Owner, item: Item) -> None:
        """Return when there was room for it. Raise WithdrawnError when the owner has left."""
        with self._changed:
            self._changed.wait_for(lambda: owner not in self._waiting or len(self._waiting[owner]) < self._room)
            if owner not in self._waiting:
                raise WithdrawnError
            self._waiting[owner].append(item)
            self._changed.notify_all()

    def take(self) -> tuple[Owner, Item]:
        """Wait for an item, and return it with its owner, whose next turn comes after everybody else's."""
        with self._changed:
            self._changed.wait_for(lambda: any(self._waiting.values()))
            owner = next(owner for owner, items in self._waiting.items() if items)
            items = self._waiting.pop(owner)
            self._waiting[owner] = items
            self._changed.notify_all()
            return owner, items.popleft()
