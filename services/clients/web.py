"""Files by their address, such as Discord's attachments: through the guard, resumed where they broke off."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import aiofiles
import aiofiles.os
import aiohttp

from services.clients.disk import named_full_disk
from services.clients.files import closed_at_the_end
from services.clients.patience import Patience
from services.errors import AuditscribeError, PermanentError, TransientError
from services.media import Progress, SoundIn, nobody_listens

_BLOCK_BYTES = 2**18
_PATIENT = aiohttp.ClientTimeout(total=None)
"""Patience limits it."""
_GONE = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Who wants to know of the bytes that come."""

    patience: Patience
    progress: Progress


class WebFiles:
    """Fetches files through `proxy`, the guard's url.

    A server that sends next to nothing for `stall_timeout_s` seconds (patience.py) is given up.
    """

    def __init__(self, proxy: str, *, stall_timeout_s: float = 60.0) -> None:
        self._proxy = proxy
        self._stall_timeout_s = stall_timeout_s

    async def fetch_file(
        self, url: str, target: Path, *, max_bytes: int, progress: Progress, sound_in: SoundIn = nobody_listens
    ) -> None:
        """Fetch `url` to `target`, which is there once it is whole; until then it grows beside it as `.part`.

        Raises PermanentError if the file is gone, refused or larger than `max_bytes`, OperatorError if the disk is
        full, TransientError if it may come another time; what has arrived by then is kept for that.
        """
        part = target.with_name(f"{target.name}.part")
        part.touch()
        headers = {"Accept-Encoding": "identity"}  # so that promised and written bytes are the same ones
        try:
            with named_full_disk():
                async with (
                    Patience(self._stall_timeout_s) as patience,
                    # What comes packed all the same stays so: unpacked, a few bytes may be any number of them.
                    aiohttp.ClientSession(timeout=_PATIENT, headers=headers, auto_decompress=False) as session,
                ):
                    sound_in(part)
                    await self._continue(session, url, part, max_bytes, _Arrival(patience, progress))
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError) as error:
            raise PermanentError("The file's address is no web address.") from error
        except aiohttp.TooManyRedirects as error:
            raise PermanentError("The file's address leads round in circles.") from error
        except aiohttp.ClientHttpProxyError as error:
            raise _refusal(error.status, error.headers or {}) from error
        except TimeoutError as error:
            stalled = f"The file's server stalled: hardly anything came for {self._stall_timeout_s:g} s."
            raise TransientError(stalled) from error
        except aiohttp.ClientError as error:
            raise TransientError("The connection to the file's server broke.") from error
        await aiofiles.os.replace(part, target)
        sound_in(target, whole=True)
        progress(1.0)

    async def _continue(
        self, session: aiohttp.ClientSession, url: str, part: Path, max_bytes: int, arrival: _Arrival
    ) -> None:
        have = await aiofiles.os.path.getsize(part)
        wanted = {"Range": f"bytes={have}-"} if have else {}
        async with session.get(url, proxy=self._proxy, headers=wanted) as answer:
            span = answer.headers.get("Content-Range", "")
            match answer.status:
                case HTTPStatus.OK:
                    await _receive(answer, part, 0, max_bytes, arrival)
                case HTTPStatus.PARTIAL_CONTENT if span.startswith(f"bytes {have}-"):
                    await _receive(answer, part, have, max_bytes, arrival)
                case HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE if span == f"bytes */{have}":
                    return  # all of it is here
                case HTTPStatus.PARTIAL_CONTENT | HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE if have:
                    await aiofiles.os.unlink(part)
                    raise TransientError("The file changed while it was fetched.")
                case status:
                    raise _refusal(status, answer.headers)


async def _receive(answer: aiohttp.ClientResponse, part: Path, have: int, max_bytes: int, arrival: _Arrival) -> None:
    """Append the body behind the first `have` bytes. A body shorter than promised makes aiohttp raise a ClientError."""
    promised = None if answer.content_length is None else have + answer.content_length
    async with closed_at_the_end(aiofiles.open(part, "ab" if have else "wb")) as file:
        if (promised or 0) > max_bytes:
            raise _too_large(max_bytes)
        async for block in answer.content.iter_chunked(_BLOCK_BYTES):
            have += len(block)
            if have > max_bytes:
                raise _too_large(max_bytes)
            await file.write(block)
            arrival.patience.take(len(block))
            if promised:
                arrival.progress(have / promised)


def _too_large(max_bytes: int) -> PermanentError:
    return PermanentError(f"The file is larger than {max_bytes / 2**20:g} MB, the limit here.")


def _refusal(status: int, headers: Mapping[str, str]) -> AuditscribeError:
    if "X-Auditscribe-Guard" in headers and status == HTTPStatus.FORBIDDEN:
        return PermanentError("The file's address is not on the public internet.")
    if "X-Auditscribe-Guard" in headers and status == HTTPStatus.BAD_REQUEST:
        return PermanentError("The file's address is no web address.")
    if status in _GONE:
        return PermanentError("The file is no longer there.")
    if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait = headers.get("Retry-After", "")
        retry_after = float(wait) if wait.isdigit() else None
        return TransientError(f"The file's server is busy (status {status}).", retry_after=retry_after)
    return PermanentError(f"The file's server refused it (status {status}).")
