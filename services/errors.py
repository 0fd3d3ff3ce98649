"""Errors, named by what to do about them. Their text is one plain sentence for the people in the channel."""


class AuditscribeError(Exception):
    """Something went wrong in a way that we know; `str()` of it may be shown to anyone."""


class TransientError(AuditscribeError):
    """Try again later; `retry_after` is the wait in seconds that the other side asked for, if it did."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PermanentError(AuditscribeError):
    """Never try again: the answer would be the same."""


class OperatorError(AuditscribeError):
    """A person must renew something at `provider` (token, cookies, quota) before it can go on."""

    def __init__(self, message: str, *, provider: str) -> None:
        super().__init__(message)
        self.provider = provider
