"""Google's refusals, in Google's shape."""

from __future__ import annotations

import json

from aiohttp import web

LIMITS = {
    "userRateLimitExceeded": (403, "User Rate Limit Exceeded"),
    "rateLimitExceeded": (429, "Rate Limit Exceeded"),
    "storageQuotaExceeded": (403, "The user's Drive storage quota has been exceeded."),
}
"""Status and words by reason (developers.google.com/workspace/drive/api/guides/handle-errors)."""


class Refusal(web.HTTPException):
    """An error answer: `{error: {code, message, errors: [{domain, reason, message, ...}]}}`."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        parameter: str | None = None,
        domain: str = "global",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.status_code = status
        detail = {"domain": domain, "reason": reason, "message": message}
        if parameter is not None:
            detail |= {"location": parameter, "locationType": "parameter"}
        body = {"error": {"code": status, "message": message, "errors": [detail]}}
        super().__init__(text=json.dumps(body), content_type="application/json", headers=headers)


def unauthorized() -> Refusal:
    challenge = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return Refusal(401, "authError", "Invalid Credentials", headers={"WWW-Authenticate": challenge})


def not_found(file_id: str) -> Refusal:
    return Refusal(404, "notFound", f"File not found: {file_id}.", parameter="fileId")


def invalid(parameter: str, message: str = "Invalid Value", reason: str = "invalid") -> Refusal:
    return Refusal(400, reason, message, parameter=parameter)


def limit(reason: str) -> Refusal:
    status, message = LIMITS[reason]
    return Refusal(status, reason, message, domain="usageLimits")
