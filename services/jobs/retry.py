"""PURE: what becomes of a job whose stage has failed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.errors import AuditscribeError, NotYetError, OperatorError, PermanentError, TransientError
from services.jobs.job import Job
from services.redaction import Redaction, redacted

UNEXPECTED = "Something unexpected happened inside the bot; its log tells what."

TOO_LATE = "The stream or premiere ends later than the bot waits ({days:g} days): post it again when it is over."


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Transient errors: again, at most `max_attempts` tries of a stage. Operator errors: when they are mended.

    The wait before the nth retry is `first_s` * 4**(n-1) at most an hour, spread by half either way so that jobs that
    failed together do not come back together; where the other side said how long to wait, that is obeyed instead.

    A stream that has not begun, or goes on, is looked at again `look_again_s` after it was to begin, or after the last
    look, but once a day at least: it may be moved. A job waits for it up to `patience` after it was asked for.
    """

    max_attempts: int = 3
    first_s: float = 30.0
    jitter: Callable[[], float] = random.random
    """From 0 to 1."""
    look_again_s: float = 300.0
    patience: timedelta = timedelta(days=14)
    redaction: Redaction = redacted
    """What people read of an error has no secret in it."""

    def after_failure(self, job: Job, error: Exception, now: datetime) -> Job:
        """Return the job as failed, or as waiting for its next try."""
        why = self.redaction(str(error))
        match error:
            case NotYetError():
                return self._await(job, why, error.begins_at or now, now)
            case TransientError() if job.attempts < self.max_attempts:
                return job.postponed(why, now, now + timedelta(seconds=self.wait_s(job.attempts, error)))
            case OperatorError():
                return job.held_up(why, now, error.provider)
            case AuditscribeError():
                return job.failed(why, now, for_good=isinstance(error, PermanentError))
            case _:
                return job.failed(UNEXPECTED, now)

    def _await(self, job: Job, why: str, begins_at: datetime, now: datetime) -> Job:
        begins_at = max(begins_at, now)
        if begins_at - job.in_line_since > self.patience:
            return job.failed(TOO_LATE.format(days=self.patience / timedelta(days=1)), now)
        look_at = begins_at + timedelta(seconds=self.look_again_s)
        return job.awaiting(why, now, min(look_at, now + timedelta(days=1)))

    def wait_s(self, attempts: int, error: TransientError) -> float:
        """Return the seconds before the next try, after `attempts` of them."""
        if error.retry_after is not None:
            return error.retry_after
        return min(self.first_s * 4.0 ** (attempts - 1), 3600.0) * (0.5 + self.jitter())
