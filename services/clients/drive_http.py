"""The official Drive client over a transport that never repeats a request by itself, and its failures in our words."""

import io
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http import HTTPStatus
from typing import Any

import httplib2
import requests
from google.auth.credentials import Credentials
from google.auth.exceptions import GoogleAuthError, RefreshError
from google.auth.transport.requests import AuthorizedSession
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest
from requests.adapters import HTTPAdapter

from services.clients.threads import in_own_thread
from services.errors import AuditscribeError, OperatorError, PermanentError, TransientError

PROVIDER = "Google Drive"

_TIMEOUTS_S = (10, 60)
"""To connect, and between two bytes."""

_LOGIN = (
    "Google no longer accepts the stored login: run `python -m bot drive-login` again "
    '(logins of a Google app in "Testing" end after 7 days). Of a service account, renew the key and restart the bot.'
)
_NO_DELEGATE = (
    "Google does not let the service account act for GOOGLE_DELEGATED_USER: in the Workspace admin console (Security > "
    "API controls > Domain-wide delegation) allow its client the scope https://www.googleapis.com/auth/drive."
)
_INVISIBLE = (
    "A Google Drive folder was not found: it was deleted, or made by hand (under the scope drive.file such a folder is "
    "invisible to the bot). Remove its setting, so that the bot makes its own folder, or use a service account."
)
_FOR_THE_OPERATOR = {
    "storageQuotaExceeded": "Google Drive is full: free some space, or, for a service account "
    "(which owns no storage), use a folder in a shared drive or set GOOGLE_DELEGATED_USER.",
    "teamDriveFileLimitExceeded": "The shared drive holds as many files as Google allows: remove some.",
    "accessNotConfigured": "The Google Drive API is not enabled in the Google Cloud project: enable it there.",
    "insufficientFilePermissions": "The connected Google account may not write to the Google Drive folder: share it.",
}
_RATE_LIMITS = {"rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded"}
"""Both tables: https://developers.google.com/workspace/drive/api/guides/handle-errors"""


_BUSY = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class NotFoundError(OperatorError):
    """Drive has nothing of this id, or nothing that the bot may see."""


class LostSessionError(TransientError):
    """A resumable upload's session is gone, and what was sent in it."""


def drive_service(credentials: Credentials, api_url: str) -> Any:
    """Return the resource `drive v3` at `api_url`, each of its requests on a connection of its own."""
    document = json.loads(get_static_doc("drive", "v3"))
    document["rootUrl"] = f"{api_url.rstrip('/')}/"
    document.pop("mtlsRootUrl", None)

    def request(_shared: object, *args: Any, **kwargs: Any) -> HttpRequest:
        return HttpRequest(Wire(credentials), *args, **kwargs)

    return build_from_document(document, http=httplib2.Http(), requestBuilder=request)


async def execute(request: HttpRequest) -> dict[str, Any]:
    """Return a request's answer; every failure becomes a named error."""
    with closing(request.http), named_errors():
        answer: dict[str, Any] = await in_own_thread(request.execute)
        return answer


class Wire:
    """What google-api-python-client asks of an `httplib2.Http`, over google-auth's own session.

    httplib2 sends a request again when the connection broke before the answer: two folders instead of one.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._adapter = _AbortableAdapter()
        self._session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]  # google-auth has no types here
        self._session.mount("https://", self._adapter)
        self._session.mount("http://", self._adapter)

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: bytes | str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[httplib2.Response, bytes]:
        answer: requests.Response = self._session.request(  # type: ignore[no-untyped-call]  # as above
            method, uri, data=body, headers=headers, timeout=_TIMEOUTS_S, allow_redirects=False
        )
        response = httplib2.Response({**answer.headers, "status": str(answer.status_code)})
        response.reason = answer.reason
        return response, answer.content

    def close(self) -> None:
        """Free the connection; a request that another thread is still sending breaks off."""
        self._adapter.aborted.set()
        self._session.close()  # type: ignore[no-untyped-call]  # as above


class _AbortableAdapter(HTTPAdapter):
    """Sends bodies piece by piece, and no further once aborted."""

    def __init__(self) -> None:
        super().__init__()
        self.aborted = threading.Event()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        if isinstance(request.body, bytes):
            request.body = _AbortableBody(request.body, self.aborted)
        return super().send(request, *args, **kwargs)


class _AbortableBody(io.BytesIO):
    def __init__(self, content: bytes, aborted: threading.Event) -> None:
        super().__init__(content)
        self._aborted = aborted

    def read(self, size: int | None = -1, /) -> bytes:
        if self._aborted.is_set():
            raise InterruptedError("The upload was cancelled.")
        return super().read(size)


@contextmanager
def named_errors(*, in_session: bool = False) -> Iterator[None]:
    """Turn the libraries' exceptions into ours; `in_session` where a resumable upload has begun."""
    try:
        yield
    except HttpError as error:
        raise _named(error, in_session=in_session) from error
    except RefreshError as error:
        if error.retryable:
            raise TransientError("Google's login service is busy.") from error
        is_undelegated = str(error.args[0]).startswith("unauthorized_client")
        raise OperatorError(_NO_DELEGATE if is_undelegated else _LOGIN, provider=PROVIDER) from error
    except GoogleAuthError as error:
        raise TransientError("Google's login service cannot be reached.") from error
    except requests.RequestException:  # it names the address, which in a session is a secret
        raise TransientError("The connection to Google Drive broke.") from None


def _named(error: HttpError, *, in_session: bool) -> AuditscribeError:
    status, reason = error.status_code, _reason(error)
    if status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE) and in_session:
        return LostSessionError("Google Drive has forgotten the upload.")
    if status == HTTPStatus.UNAUTHORIZED:
        return OperatorError(_LOGIN, provider=PROVIDER)
    if status == HTTPStatus.NOT_FOUND:
        return NotFoundError(_INVISIBLE, provider=PROVIDER)
    if reason in _FOR_THE_OPERATOR:
        return OperatorError(_FOR_THE_OPERATOR[reason], provider=PROVIDER)
    if reason in _RATE_LIMITS or status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return TransientError(f"Google Drive is busy (status {status}).", retry_after=_retry_after(error))
    return PermanentError(f"Google Drive refused the request: {error.reason or status}")


def _reason(error: HttpError) -> str | None:
    """Return the machine's word for the first failure (`storageQuotaExceeded`), where there is one."""
    try:
        answer = json.loads(error.content)
    except ValueError:
        return None
    match answer:
        case {"error": {"errors": [{"reason": str(reason)}, *_]}}:
            return reason
    return None


def _retry_after(error: HttpError) -> float | None:
    seconds = error.resp.get("retry-after", "")
    return float(seconds) if seconds.isdigit() else None
