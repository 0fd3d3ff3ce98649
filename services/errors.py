"""Errors, named by what to do about them. Their text is one plain sentence for the people in the channel."""

from datetime import datetime

from services.redaction import redacted


class AuditscribeError(Exception):
    """Something went wrong in a way that we know; `str()` of it may be shown to anyone."""

    def __init__(self, message: str) -> None:
        super().__init__(redacted(message))


class TransientError(AuditscribeError):
    """Try again later; `retry_after` is the wait in seconds that the other side asked for, if it did."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotYetError(TransientError):
    """What is asked for does not exist yet: look again, which costs no try.

    `begins_at` is when it was announced for, if it was.
    """

    def __init__(self, message: str, *, begins_at: datetime | None = None) -> None:
        super().__init__(message)
        self.begins_at = begins_at


class PermanentError(AuditscribeError):
    """Never try again: the answer would be the same."""


class OperatorError(AuditscribeError):
    """A person must renew something at `provider` (token, cookies, quota) before it can go on."""

    def __init__(self, message: str, *, provider: str) -> None:
        super().__init__(message)
        self.provider = provider
