"""A person logs in once; the bot reads what that left, or says what is wrong with it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from google.oauth2.credentials import Credentials

from services.clients.drive_login import SCOPE, load_credentials, login
from services.errors import OperatorError


@pytest.fixture
async def client_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """An OAuth client whose token endpoint takes the code `right` alone."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")  # the endpoint is on loopback

    async def token(request: web.Request) -> web.Response:
        if (await request.post())["code"] != "right":
            return web.json_response({"error": "invalid_grant", "error_description": "Malformed code."}, status=400)
        answer = {"access_token": "a", "refresh_token": "r", "expires_in": 3599, "scope": SCOPE, "token_type": "Bearer"}
        return web.json_response(answer)

    app = web.Application()
    app.router.add_post("/token", token)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server = f"http://127.0.0.1:{runner.addresses[0][1]}"
    client = {"client_id": "c", "client_secret": "s", "auth_uri": f"{server}/auth", "token_uri": f"{server}/token"}
    yield written(tmp_path / "client.json", {"installed": client})
    await runner.cleanup()


def written(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def pasting(answer: str) -> Callable[[str], str]:
    """A person who opens the printed address, allows the access and pastes `answer`."""

    def ask(prompt: str) -> str:
        address = next(word for word in prompt.split() if "/auth?" in word)
        question = parse_qs(urlsplit(address).query)
        assert question["scope"] == [SCOPE]
        assert question["access_type"] == ["offline"]
        return answer.format(state=question["state"][0])

    return ask


@pytest.mark.defect("a browser login attempted on a headless host")
@pytest.mark.parametrize("answer", ["right", " http://localhost:1/?state={state}&code=right&scope=x \n"])
async def test_a_login_by_a_printed_address_leaves_a_private_token_file(
    answer: str, client_file: Path, tmp_path: Path
) -> None:
    token_file = tmp_path / "new" / "token.json"
    await asyncio.to_thread(login, client_file, token_file, open_browser=False, ask=pasting(answer))
    credentials = load_credentials(token_file, None)

    assert isinstance(credentials, Credentials)
    assert (credentials.token, credentials.refresh_token, credentials.valid) == ("a", "r", True)
    assert mode_of(token_file) == 0o600
    assert [path.name for path in token_file.parent.iterdir()] == ["token.json"]


@pytest.mark.parametrize(
    "answer",
    [
        "wrong",
        "http://localhost:1/?state={state}&error=access_denied",
        "http://localhost:1/?state=forged&code=right",
    ],
)
async def test_a_refused_login_leaves_no_token_file(answer: str, client_file: Path, tmp_path: Path) -> None:
    token_file = tmp_path / "new" / "token.json"
    with pytest.raises(OperatorError, match="Google refused the login"):
        await asyncio.to_thread(login, client_file, token_file, open_browser=False, ask=pasting(answer))

    assert not token_file.parent.exists()


def test_a_client_file_of_another_kind_is_named(tmp_path: Path) -> None:
    client_file = written(tmp_path / "client.json", {"type": "service_account"})

    with pytest.raises(OperatorError, match=r"OAuth client file .*client\.json cannot be used"):
        login(client_file, tmp_path / "token.json", open_browser=False)


@pytest.mark.parametrize(
    "content", ["", "[]", {}, {"token": "a", "expiry": "soon"}, {"token": None, "refresh_token": ""}]
)
def test_a_broken_token_file_names_the_remedy(content: object, tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"token\.json cannot be used.*drive-login"):
        load_credentials(written(tmp_path / "token.json", content), None)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"token\.json cannot be used: it does not exist\. Run"):
        load_credentials(tmp_path / "token.json", None)
    with pytest.raises(OperatorError, match=r"key\.json cannot be used: it does not exist\.$"):
        load_credentials(None, tmp_path / "key.json")
    with pytest.raises(OperatorError, match="GOOGLE_TOKEN_FILE"):
        load_credentials(None, None)


def test_a_service_account_file_of_another_kind_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="service account file"):
        load_credentials(None, written(tmp_path / "key.json", {"installed": {}}))


@pytest.mark.parametrize("expiry", ["2026-11-23T10:00:00Z", "2026-11-23T10:00:00.5", "2026-11-23T12:00:00+02:00"])
def test_an_expiry_is_read_in_utc(expiry: str, tmp_path: Path) -> None:
    credentials = load_credentials(written(tmp_path / "token.json", {"token": "a", "expiry": expiry}), None)

    assert credentials.expiry is not None
    assert credentials.expiry.replace(microsecond=0) == datetime(2026, 11, 23, 10)  # noqa: DTZ001  # google-auth's way
