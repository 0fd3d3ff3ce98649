"""Who may look: on loopback everyone on this machine, elsewhere those who have the DASHBOARD_TOKEN."""

import asyncio
import hmac
import time
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aiohttp import web

from bot.http import Handler, RequestError

COOKIE = "auditscribe"
_LASTS_S = 30 * 86_400
"""How long a browser may look after it was given the token."""
_WRONG_S = 0.5
"""A wrong token is answered after this, one at a time: nobody guesses a good one."""
_FORM = Path(__file__).with_name("web") / "login.html"
_REFUSAL = '<p role="alert">That is not the token.</p>'

LOCKED = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""Titles and errors come from anywhere: nothing in them may run, and nothing here is shown in another site's frame."""


class Door:
    """`host` is where the server listens. With a `token` it is asked of everyone, on loopback too.

    A browser gives it once, in the form at /login or as `/?token=…`, for a cookie that scripts cannot read and that
    ends with the token; programs send `Authorization: Bearer …`.
    """

    def __init__(self, host: str, token: str | None) -> None:
        self._is_here = is_loopback(host)
        self._token = token.encode() if token else None
        self._guessing = asyncio.Lock()
        self._form = _FORM.read_text()

    @property
    def is_shut(self) -> bool:
        """Whether nobody can look."""
        return self._token is None and not self._is_here

    def routes(self) -> Iterable[web.RouteDef]:
        """Yield where the token is given."""
        yield web.get("/login", self._ask)
        yield web.post("/login", self._log_in)

    def behind(self, handler: Handler) -> Handler:
        """Return a handler that answers only those who may look."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = await self._refusal(request) or await handler(request)
            if not response.prepared:  # an event stream brings the headers itself
                response.headers.update(LOCKED)
            return response

        return answer

    async def _refusal(self, request: web.Request) -> web.Response | None:
        """Return where somebody has to go first; None: nowhere.

        Raises:
            RequestError: who asks is no browser, or nobody may look from there.
        """
        if self._token is None:
            if self.is_shut or not is_loopback(_name_asked(request)):  # a name that somebody else leads to here
                raise RequestError(403, "This is shown on the bot's own machine: elsewhere set DASHBOARD_TOKEN.")
            return None
        if "token" in request.query:
            return await self._admitted(request, request.query["token"])
        scheme, _, sent = request.headers.get("Authorization", "").partition(" ")
        if self._knows(request.cookies.get(COOKIE, "")) or (scheme == "Bearer" and self._is_token(sent)):
            return None
        if "text/html" in request.headers.get("Accept", ""):
            return web.Response(status=303, headers={"Location": "/login"})
        raise RequestError(401, "The DASHBOARD_TOKEN is missing or wrong.")

    async def _ask(self, _: web.Request) -> web.Response:
        return self._login_page()

    async def _log_in(self, request: web.Request) -> web.Response:
        form = parse_qs((await request.read()).decode(errors="replace"))
        return await self._admitted(request, form.get("token", [""])[0])

    async def _admitted(self, request: web.Request, token: str) -> web.Response:
        """Exchange the token for a cookie."""
        if not self._is_token(token):
            async with self._guessing:
                await asyncio.sleep(_WRONG_S)
            return self._login_page(_REFUSAL, status=403)
        response = web.Response(status=303, headers={"Location": "/", **LOCKED})
        expires = int(time.time()) + _LASTS_S
        response.set_cookie(
            COOKIE,
            f"{expires}.{self._sign(expires)}",
            max_age=_LASTS_S,
            httponly=True,
            samesite="Lax",  # a link to the dashboard works; and nothing can be done here
            secure=request.secure or request.headers.get("X-Forwarded-Proto") == "https",
        )
        return response

    def _login_page(self, refusal: str = "", status: int = 200) -> web.Response:
        text = self._form.replace("<!-- refusal -->", refusal)
        return web.Response(text=text, status=status, content_type="text/html", headers=LOCKED)

    def _is_token(self, sent: str) -> bool:
        return self._token is not None and hmac.compare_digest(sent.encode(errors="replace"), self._token)

    def _knows(self, cookie: str) -> bool:
        expires, _, signature = cookie.partition(".")
        if not expires.isascii() or not expires.isdecimal() or int(expires[:12]) < time.time():
            return False
        return hmac.compare_digest(signature.encode(errors="replace"), self._sign(int(expires[:12])).encode())

    def _sign(self, expires: int) -> str:
        return hmac.digest(self._token or b"", f"dashboard until {expires}".encode(), "sha256").hex()


def _name_asked(request: web.Request) -> str:
    """Return by which name the server was found, without its port."""
    try:
        return urlsplit(f"//{request.host}").hostname or ""
    except ValueError:
        return ""


def is_loopback(host: str) -> bool:
    """Whether a host's name or address leads to this very machine, and cannot lead elsewhere."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
