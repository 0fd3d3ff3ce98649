"""A service account at Google's token endpoint: signed claims for a token, its own or that of a person it works for."""

from __future__ import annotations

import functools
import json
import secrets
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from sandbox.drive.oauth import refused

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCES = ["https://oauth2.googleapis.com/token"]


class ServiceAccount:
    """Its tokens go into `access_tokens`. The rules are those of
    developers.google.com/identity/protocols/oauth2/service-account.
    """

    def __init__(self, access_tokens: set[str]) -> None:
        self.email = "bot@sandbox.iam.gserviceaccount.com"
        self.may_work_for = {"ada@example.com"}
        """Whom an administrator has allowed it to stand for."""
        self.claims: list[dict[str, Any]] = []
        """What was claimed for each token."""
        self._access_tokens = access_tokens

    @functools.cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def write(self, path: Path, token_uri: str) -> None:
        """Write what Google's console gives for a new key."""
        content = {
            "type": "service_account",
            "project_id": "sandbox",
            "private_key_id": "1",
            "private_key": self._key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode(),
            "client_email": self.email,
            "client_id": "1",
            "token_uri": token_uri,
        }
        path.write_text(json.dumps(content))

    def granted(self, form: dict[str, str]) -> web.Response:
        """Answer a JWT grant (RFC 7523)."""
        public = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        try:
            claims = jwt.decode(form.get("assertion", ""), certs=public, audience=AUDIENCES)  # type: ignore[no-untyped-call]  # google-auth has no types here
        except ValueError:
            return refused("invalid_grant", "Invalid JWT Signature.")
        if claims.get("iss") != self.email or not claims.get("scope"):
            return refused("invalid_grant", "Invalid JWT: iss and scope are needed.")
        if claims.get("sub", self.email) not in {self.email, *self.may_work_for}:
            return refused(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, "
                "or client not authorized for any of the scopes requested.",
                401,
            )
        self.claims.append(dict(claims))
        token = secrets.token_urlsafe(24)
        self._access_tokens.add(token)
        return web.json_response({"access_token": token, "expires_in": 3599, "token_type": "Bearer"})
