"""Google's token endpoint, for one person who has consented."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

SCOPE = "https://www.googleapis.com/auth/drive.file"


def _secret() -> str:
    return secrets.token_urlsafe(24)


@dataclass(slots=True)
class Consent:
    client_id: str = "sandbox.apps.googleusercontent.com"
    client_secret: str = field(default_factory=_secret)
    refresh_token: str = field(default_factory=_secret)
    access_tokens: set[str] = field(default_factory=lambda: {_secret()})
    is_revoked: bool = False
    """A revoked or expired consent: refreshing ends in `invalid_grant`."""

    def renew(self) -> None:
        """Consent anew: with other tokens than before."""
        self.refresh_token = _secret()
        self.access_tokens.add(_secret())
        self.is_revoked = False

    def allows(self, request: web.Request) -> bool:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        return scheme == "Bearer" and token in self.access_tokens

    def refreshed(self, form: dict[str, str]) -> web.Response:
        """Answer a refresh_token grant (RFC 6749, section 6)."""
        if form.get("grant_type") != "refresh_token":
            return refused("unsupported_grant_type", "Invalid grant_type.")
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return refused("invalid_client", "The OAuth client was not found.", 401)
        if self.is_revoked or form.get("refresh_token") != self.refresh_token:
            return refused("invalid_grant", "Token has been expired or revoked.")
        token = _secret()
        self.access_tokens.add(token)
        return web.json_response(
            {"access_token": token, "expires_in": 3599, "scope": SCOPE, "token_type": "Bearer"},
        )

    def write(self, path: Path, token_uri: str) -> None:
        """Write what `google.oauth2.credentials` calls an authorized-user file."""
        content: dict[str, Any] = {
            "type": "authorized_user",
            "token": next(iter(self.access_tokens), None),
            "refresh_token": self.refresh_token,
            "token_uri": token_uri,
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "scopes": [SCOPE],
            "expiry": "2999-12-31T00:00:00Z",
        }
        path.write_text(json.dumps(content))


def refused(error: str, description: str, status: int = 400) -> web.Response:
    """Return a refusal of the token endpoint (RFC 6749, section 5.2)."""
    return web.json_response({"error": error, "error_description": description}, status=status)
