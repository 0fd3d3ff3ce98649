"""Google credentials: made once by a person, then read and kept fresh by the bot."""

import json
import logging
import tempfile
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from google.auth import credentials as auth
from google.auth.transport import Request
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from services.clients.drive_http import PROVIDER
from services.errors import OperatorError

if TYPE_CHECKING:
    from google_auth_oauthlib.flow import InstalledAppFlow

SCOPE = "https://www.googleapis.com/auth/drive.file"
"""Only what the bot itself has made."""

_SERVICE_SCOPE = "https://www.googleapis.com/auth/drive"
"""A service account writes into folders that people made and shared with it."""

_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105  # an address, no secret
_NOWHERE = "http://localhost:1/"
"""Where the browser ends without a server: the page fails to load, and its address holds the code."""

log = logging.getLogger(__name__)


def login(client_secret_file: Path, token_file: Path, *, open_browser: bool, ask: Callable[[str], str] = input) -> None:
    """Let a person allow the bot into their Drive; write the token file, readable by its owner alone.

    Where there is no browser, `ask` shows the address to open elsewhere, and returns the address at which that ended.
    Raises OperatorError if the client file is unusable or Google refuses.
    """
    from google_auth_oauthlib.flow import InstalledAppFlow  # noqa: PLC0415 (slow, and the bot itself does without)
    from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # noqa: PLC0415 (as above)

    config = _read(client_secret_file, "OAuth client")
    try:
        flow = InstalledAppFlow.from_client_config(config, scopes=[SCOPE])
    except ValueError as error:
        raise _unusable(client_secret_file, "OAuth client", error) from error
    try:
        _authorize(flow, open_browser=open_browser, ask=ask)
    except (OAuth2Error, Warning) as error:  # oauthlib raises a Warning where a person unticked the permission
        raise OperatorError(f"Google refused the login: {error}", provider=PROVIDER) from error
    _write_token(flow.credentials, token_file)


def load_credentials(
    token_file: Path | None, service_account_file: Path | None, delegated_user: str | None = None
) -> auth.Credentials:
    """Return the credentials of the service account where there is one, else of the token file.

    A service account works for `delegated_user` (a mail address in its Google Workspace), where one is given.

    Raises OperatorError if neither is given, or the file is missing or broken.
    """
    if service_account_file is not None:
        return _service_account(service_account_file, delegated_user)
    if token_file is not None:
        return _TokenFileCredentials(token_file)
    raise OperatorError("Google Drive needs GOOGLE_TOKEN_FILE or GOOGLE_SERVICE_ACCOUNT_FILE.", provider=PROVIDER)


class _TokenFileCredentials(Credentials):
    """A person's credentials, whose new tokens are written back to their file, and read there after a new login."""

    def __init__(self, token_file: Path) -> None:
        stored = _read(token_file, "token")
        if not stored.get("token") and not stored.get("refresh_token"):
            raise _unusable(token_file, "token", "it holds no token")
        super().__init__(  # type: ignore[no-untyped-call]  # google-auth has no types here
            stored.get("token"),
            refresh_token=stored.get("refresh_token"),
            token_uri=stored.get("token_uri", _TOKEN_URI),
            client_id=stored.get("client_id"),
            client_secret=stored.get("client_secret"),
        )
        try:
            self.expiry = _moment(stored.get("expiry"))
        except ValueError as error:
            raise _unusable(token_file, "token", error) from error
        self._token_file = token_file

    def refresh(self, request: Request) -> None:
        if self._take_up_new_login():
            return
        super().refresh(request)  # type: ignore[no-untyped-call]  # as above
        try:
            _write_token(self, self._token_file)
        except OSError as error:  # a read-only secret: the new token lives in memory
            log.warning("The refreshed Google token could not be written to %s: %s", self._token_file, error)

    def _take_up_new_login(self) -> bool:
        """Return whether a person has logged in again since, and left a token that need not be refreshed."""
        with suppress(OperatorError):  # the file is gone or broken: what was read from it goes on
            renewed = _TokenFileCredentials(self._token_file)
            if renewed.refresh_token != self.refresh_token:
                vars(self).update(vars(renewed))
                return bool(self.valid)
        return False


def _authorize(flow: "InstalledAppFlow", *, open_browser: bool, ask: Callable[[str], str]) -> None:
    if open_browser:
        try:
            flow.run_local_server(port=0, prompt="consent")
        except webbrowser.Error:
            log.warning("There is no browser on this machine.")
        else:
            return
    flow.redirect_uri = _NOWHERE
    address, _state = flow.authorization_url(prompt="consent")
    answer = ask(
        f"Open this address in any browser and allow the access:\n\n{address}\n\n"
        "The last page will fail to load. Paste its whole address here: "
    ).strip()
    if "://" in answer:  # oauthlib accepts an answer over https alone, even from this machine
        flow.fetch_token(authorization_response=answer.replace("http://", "https://", 1))
    else:
        flow.fetch_token(code=answer)


def _service_account(file: Path, delegated_user: str | None) -> auth.Credentials:
    info = _read(file, "service account")
    try:
        credentials: auth.Credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # as above
            info, scopes=[_SERVICE_SCOPE], subject=delegated_user
        )
    except ValueError as error:
        raise _unusable(file, "service account", error) from error
    return credentials


def _read(file: Path, kind: str) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text())
    except FileNotFoundError as error:
        raise _unusable(file, kind, "it does not exist") from error
    except (OSError, ValueError) as error:
        raise _unusable(file, kind, error) from error
    if not isinstance(content, dict):
        raise _unusable(file, kind, "it is no JSON object")
    return content


def _unusable(file: Path, kind: str, why: object) -> OperatorError:
    remedy = "" if kind != "token" else " Run `python -m bot drive-login` to make a new one."
    return OperatorError(f"The Google {kind} file {file} cannot be used: {why}.{remedy}", provider=PROVIDER)


def _moment(text: str | None) -> datetime | None:
    """Return a moment as google-auth keeps it: UTC, without a time zone."""
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.astimezone(timezone.utc).replace(tzinfo=None) if moment.tzinfo else moment


def _write_token(credentials: Credentials, token_file: Path) -> None:
    """Replace the token file in one step, with mode 0600."""
    content = json.loads(credentials.to_json()) | {"token_uri": credentials.token_uri}  # type: ignore[no-untyped-call]  # as above
    token_file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=token_file.parent, prefix=".token-", delete=False) as file:
        json.dump(content, file)
    Path(file.name).replace(token_file)
