from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from core.domain.actors import SystemActor
from core.domain.events.event import INTERRUPTED, EventResult, EventStatus, Verdict

REDELIVERY = SystemActor("webhook").name
"""Who requested an attempt that a redelivery by the provider caused."""


class AttemptResult(Enum):
    """How an attempt to process a webhook event ended.

    `pending`: it has not ended. `processed`, `ignored` and `unrouted` are those of the event's status. `failed`: it
    ended with an error. `interrupted`: the worker process ended during the attempt.
    """

    PENDING = "pending"
    PROCESSED = "processed"
    FAILED = "failed"
    IGNORED = "ignored"
    UNROUTED = "unrouted"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to process a webhook event.

    `requested_by` is the name of the actor that retried the event (`Actor.name`), or `REDELIVERY`. It is None for the
    first attempt and for an automatic attempt. `reason` is the reason code of an ignored or
    unrouted event, or the error message. Events that are processed together have the same times. Times are None for
    an attempt that has not ended, or that ended in an earlier release.
    """

    number: int
    result: AttemptResult
    requested_by: str | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error_code: str | None = None
    reason: str | None = None
    verdicts: tuple[Verdict, ...] = ()

    @property
    def duration(self) -> timedelta | None:
        """The time from the start to the end, or None if either is unknown. Two clocks may differ: at least zero."""
        if self.started_at is None or self.ended_at is None:
            return None
        return max(self.ended_at - self.started_at, timedelta(0))


def to_attempt_result(result: EventResult) -> AttemptResult:
    """Return how the attempt ended that led to this result of its event."""
    if result.error_code == INTERRUPTED:
        return AttemptResult.INTERRUPTED
    return AttemptResult.FAILED if result.status is EventStatus.PENDING else AttemptResult(result.status.value)
