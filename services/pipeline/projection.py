"""Reports are projections: something outside is made to match the recorded job."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from services.errors import AuditscribeError, OperatorError, TransientError

log = logging.getLogger(__name__)

Key = TypeVar("Key", bound=Hashable)
State = TypeVar("State")

FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 4.0
"""Between two tries of a report: what people see is true again soon after the other side is back."""


@dataclass(slots=True)
class _Mailbox(Generic[State]):
    pending: deque[State] = field(default_factory=deque)
    sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Everything was reported, or there is trouble and the newest state waits for its end."""
    wait_s: float = 0.0
    """Above 0 while there is trouble."""
    was_hurried: bool = False
    """Whether it was tried before its time in this trouble; that is done once."""


class Projection(Generic[Key, State]):
    """Reports the states of each key: in order while the other side is well, newest-wins after trouble.

    With `newest_only` the newest wins always. A report that fails for good is logged and dropped: the work goes on
    without it.
    """

    def __init__(self, name: str, apply: Callable[[Key, State], Awaitable[None]], *, newest_only: bool = False) -> None:
        self._name = name
        self._apply = apply
        self._newest_only = newest_only
        self._boxes: dict[Key, _Mailbox[State]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._back = asyncio.Event()

    def push(self, key: Key, state: State) -> None:
        """Report `state` after what was pushed for this key before it."""
        box = self._boxes.get(key)
        if box is None:
            box = self._boxes[key] = _Mailbox()
            task = asyncio.create_task(self._drain(key, box), name=f"{self._name} {key}")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        if self._newest_only:
            box.pending.clear()
        box.pending.append(state)
        if not box.wait_s:
            box.settled.clear()

    def is_busy(self, key: Key) -> bool:
        """Whether something waits to be reported of this key."""
        return key in self._boxes

    @asynccontextmanager
    async def quiet(self, key: Key) -> AsyncIterator[None]:
        """Hold this key's reports back while the block runs, once those that get through have.

        When the block succeeds, what was held back is out of date and forgotten.
        """
        box = self._boxes.get(key)
        if box is None:
            yield
            return
        await box.settled.wait()
        async with box.sending:
            yield
            box.pending.clear()

    def hurry(self) -> None:
        """Try again now what waits for the end of trouble, each once: the other side seems to be back."""
        self._back.set()
        self._back.clear()

    async def drain(self) -> None:
        """Return when nothing waits to be reported."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def aclose(self) -> None:
        """Stop reporting."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drain(self, key: Key, box: _Mailbox[State]) -> None:
        try:
            while box.pending:
                async with box.sending:
                    await self._report(key, box)
                if box.wait_s:
                    box.settled.set()
                    await self._pause(box)
        finally:
            box.settled.set()
            del self._boxes[key]

    async def _pause(self, box: _Mailbox[State]) -> None:
        if box.was_hurried:
            await asyncio.sleep(box.wait_s)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(box.wait_s):
                await self._back.wait()
                box.was_hurried = True

    async def _report(self, key: Key, box: _Mailbox[State]) -> None:
        if box.wait_s:
            box.pending = deque(list(box.pending)[-1:])
        if not box.pending:
            return
        state = box.pending[0]
        try:
            await self._apply(key, state)
        except (TransientError, OperatorError) as error:
            asked = error.retry_after if isinstance(error, TransientError) else None
            box.wait_s = asked or min(box.wait_s * 2 or FIRST_WAIT_S, LONGEST_WAIT_S)
            log.warning("%s: %s has to wait %.1f s: %s", key, self._name, box.wait_s, error)
            return
        except AuditscribeError as error:
            log.warning("%s: %s failed: %s", key, self._name, error)
        except Exception:  # the observer's boundary: a report that fails never fails the work
            log.exception("%s: %s failed", key, self._name)
        if box.pending and box.pending[0] is state:  # no newer one has taken its place
            box.pending.popleft()
        box.wait_s = 0.0
        box.was_hurried = False
