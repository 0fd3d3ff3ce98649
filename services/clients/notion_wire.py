"""All of this process's traffic to Notion: one client, its limit, and what its failures mean."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from email.utils import mktime_tz, parsedate_tz
from typing import Any

import httpx
from notion_client import AsyncClient
from notion_client.errors import HTTPResponseError, RequestTimeoutError

from services.clients.pace import Pace
from services.errors import AuditscribeError, OperatorError, PermanentError, TransientError

log = logging.getLogger(__name__)

NOTION_VERSION = "2025-09-03"
REQUESTS_A_SECOND = 3
"""Notion's limit, on average; workspaces on higher plans may have a higher one."""
_TRIES_TOO_SOON = 10
_SOON_S = 10.0
"""A longer Retry-After is for whoever asked to decide upon."""
_DAY_S = 86_400.0
_TIMEOUT_MS = 30_000


class NotionWire:
    """Requests in turns. Close it with `aclose`.

    A turn is free again a second after its answer: however long requests are under way, no second sees more of them
    arrive than `requests_a_second`. It is longer where others use up the same limit.
    """

    def __init__(self, token: str, api_url: str, requests_a_second: int) -> None:
        self.client = AsyncClient(
            auth=token, base_url=api_url, notion_version=NOTION_VERSION, timeout_ms=_TIMEOUT_MS, retry=False, logger=log
        )
        self.when_back: list[Callable[[], None]] = []
        """All are called when a request succeeds after one that found Notion down or busy."""
        self.when_answered: list[Callable[[int | None], None]] = []
        """All are called with the status of each answer, 200 for any good one; None: there was none."""
        self._pace = Pace(requests_a_second)
        self._turns = asyncio.Semaphore(requests_a_second)
        self._bulk = asyncio.Lock()
        self._not_before = 0.0
        self._is_down = False

    async def aclose(self) -> None:
        await self.client.aclose()

    async def send(self, endpoint: Callable[..., Awaitable[Any]], *args: str, **kwargs: Any) -> Any:
        """Make a request; one that came too soon (429) was not carried out and is sent again when Notion wants it."""
        for _ in range(_TRIES_TOO_SOON - 1):
            try:
                return await self._send_once(endpoint, *args, **kwargs)
            except _TooSoonError as error:
                if error.retry_after is None or error.retry_after > _SOON_S:
                    raise
        return await self._send_once(endpoint, *args, **kwargs)

    async def send_bulk(self, endpoint: Callable[..., Awaitable[Any]], *args: str, **kwargs: Any) -> Any:
        """Make one of the many requests that blocks and files take: one by one, so that no status waits behind them."""
        async with self._bulk:
            return await self.send(endpoint, *args, **kwargs)

    async def _send_once(self, endpoint: Callable[..., Awaitable[Any]], *args: str, **kwargs: Any) -> Any:
        """Make one request in its turn; every failure becomes a named error."""
        loop = asyncio.get_running_loop()
        await self._turns.acquire()
        try:
            await asyncio.sleep(self._not_before - loop.time())
            self._pace.begin()
            answer = await endpoint(*args, **kwargs)
        except HTTPResponseError as error:
            self._answered(error.status)
            named = _named(error)
            if isinstance(named, TransientError):
                self._is_down = True
                spread_s = self._pace.refused() if isinstance(named, _TooSoonError) else 0
                self._not_before = max(self._not_before, loop.time() + (named.retry_after or 0) + spread_s)
            raise named from error
        except (RequestTimeoutError, httpx.TransportError) as error:
            self._answered(None)
            self._is_down = True
            raise TransientError("Notion cannot be reached at the moment.") from error
        finally:
            loop.call_later(self._pace.turn_s, self._turns.release)
        self._answered(200)
        self._pace.succeeded()
        if self._is_down:
            self._is_down = False
            for tell in self.when_back:
                tell()
        return answer

    def _answered(self, status: int | None) -> None:
        for tell in self.when_answered:
            tell(status)


class BlocksUsedUpError(OperatorError):
    """A free workspace of several members has used its blocks for life: no new pages and blocks, only properties.

    (developers.notion.com/reference/workspace-block-limits)
    """

    def __init__(self) -> None:
        super().__init__(
            "This Notion workspace has used all of its free blocks: upgrade its plan, or leave it one member.",
            provider="Notion",
        )


class _TooSoonError(TransientError):
    """Notion's limit of requests was exceeded."""


class NotFoundError(PermanentError):
    """Notion has no such object, or does not show it to the bot's connection."""


class RefusedError(PermanentError):
    """Notion does not take what was sent, such as a property that its table does not have."""


def _named(error: HTTPResponseError) -> AuditscribeError:
    match error.status:
        case 401:
            return OperatorError("Notion does not accept the bot's token: renew NOTION_TOKEN.", provider="Notion")
        case 403:
            return _forbidden(error)
        case 429:
            return _TooSoonError("Notion is busy at the moment.", retry_after=_retry_after(error.headers))
        case 409 | 529 | 500 | 502 | 503 | 504:
            return TransientError("Notion is busy at the moment.", retry_after=_retry_after(error.headers))
    if error.status == 404 or "is archived" in str(error):  # the latter is said of a page in the trash
        return NotFoundError("The page is no longer in Notion, or no longer shared with the bot's connection.")
    return RefusedError(f"Notion refused the request: {str(error).rstrip('.')}.")


def _forbidden(error: HTTPResponseError) -> OperatorError:
    if (error.additional_data or {}).get("block_limit"):
        return BlocksUsedUpError()
    return OperatorError(
        "Notion does not let the bot's connection do this: let it read, insert and update content.", provider="Notion"
    )


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds to wait, a day at most: the header holds a number or a date (RFC 9110, 10.2.3).

    A date counts from the answer's own: this machine's clock may be wrong.
    """
    value = headers.get("Retry-After", "")
    try:
        seconds = float(value)
    except ValueError:
        until = _moment(value)
        if until is None:
            return None
        seconds = until - (_moment(headers.get("Date", "")) or time.time())
    return min(max(seconds, 0.0), _DAY_S)


def _moment(http_date: str) -> float | None:
    """Return a date's seconds since 1970; None for what is none."""
    parsed = parsedate_tz(http_date)
    return None if parsed is None else mktime_tz(parsed)
