from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.events.summary import EventSummary
from core.domain.identifiers import EventId, IntegrationId, LinkId, ProjectId, RepoId
from core.domain.integrations.integration import Integration


class EventStatus(Enum):
    """The processing status of a webhook event.

    `pending`: it waits to be processed, for the first time or again. `processed`: it was processed successfully.
    `failed`: processing failed, and there are no more automatic attempts. `ignored`: it had no effect. `unrouted`: its
    installation is not connected to an organization.
    """

    PENDING = "pending"
    PROCESSED = "processed"
    FAILED = "failed"
    IGNORED = "ignored"
    UNROUTED = "unrouted"


class Outcome(Enum):
    """The decision for one object: the event was applied to it (`processed`) or not (`ignored`)."""

    PROCESSED = "processed"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What processing an event decided for one link, integration or connection, and why.

    `subject` is `link`, `integration`, `repository`, `connection` or `event`; `reason` is a stable code. If a rule of a
    link decided, `value` is the branch, tag, path, login or marker that it decided about, and `pattern` is the pattern
    that matches it.
    """

    subject: str
    outcome: Outcome
    reason: str
    subject_id: str | None = None
    project_id: UUID | None = None
    pattern: str | None = None
    value: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """One stored delivery, without its payload."""

    id: EventId
    provider: str
    delivery_id: str
    event_type: str
    action: str | None
    lane: int
    source_key: str | None
    status: EventStatus
    attempts: int
    next_attempt_at: datetime
    created_at: datetime
    repo_id: RepoId | None = None
    source: str = "received"
    integration_id: IntegrationId | None = None
    project_ids: tuple[ProjectId, ...] = ()
    error_message: str | None = None
    verdicts: tuple[Verdict, ...] = ()
    processed_at: datetime | None = None
    payload_length: int = 0
    summary: EventSummary | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether the event can be processed now.

        An event without attempts is always due: the clock that stamped it may be ahead of the reader's clock.
        """
        return self.status is EventStatus.PENDING and (self.attempts == 0 or self.next_attempt_at <= now)


@dataclass(frozen=True, slots=True)
class EventResult:
    """How the processing of one event ended."""

    event_id: EventId
    status: EventStatus
    verdicts: tuple[Verdict, ...] = ()
    reason: str | None = None
    integration_id: IntegrationId | None = None
    link_id: LinkId | None = None
    project_ids: tuple[ProjectId, ...] = ()
    attempts: int | None = None
    next_attempt_at: datetime | None = None
    error_code: str | None = None
    summary: EventSummary | None = None


INTERRUPTED = "processing_interrupted"
_RETRY_DELAYS = (timedelta(seconds=10), timedelta(minutes=2))
# The first interruption is usually a restart of the worker, so the event keeps its place in the order.
_INTERRUPTION_DELAYS = (timedelta(0), timedelta(seconds=10))
MAX_ATTEMPTS = len(_RETRY_DELAYS) + 1


def fail_attempt(event: WebhookEvent, code: str, message: str, *, now: datetime, final: bool = False) -> EventResult:
    """Return the result of a failed attempt: another attempt after a growing delay, or `failed`.

    At most three attempts; `final` means that the event can never succeed.
    """
    return _count_attempt(event, code, message, () if final else _RETRY_DELAYS, now)


def interrupt_attempt(event: WebhookEvent, *, now: datetime) -> EventResult:
    """Return the result when the process ended while it processed this event alone."""
    message = (
        f"{INTERRUPTED}: the worker process ended during attempt {event.attempts + 1} of {MAX_ATTEMPTS}. "
        "Check the worker's log and memory limit, then retry the event."
    )
    return _count_attempt(event, INTERRUPTED, message, _INTERRUPTION_DELAYS, now)


def _count_attempt(
    event: WebhookEvent, code: str, message: str, delays: tuple[timedelta, ...], now: datetime
) -> EventResult:
    attempts = event.attempts + 1
    is_last = attempts > len(delays)
    return EventResult(
        event.id,
        EventStatus.FAILED if is_last else EventStatus.PENDING,
        reason=message,
        attempts=attempts,
        next_attempt_at=None if is_last else now + delays[attempts - 1],
        error_code=code,
    )


# An older event may belong to an earlier owner of the installation, and not to the organization that binds it now.
UNROUTED_LIFETIME = timedelta(hours=72)

RETRYABLE = frozenset({EventStatus.FAILED, EventStatus.IGNORED, EventStatus.UNROUTED})
# Never retried: it would show data of the installation's earlier owner to its current owner.
BEFORE_BINDING = "before_binding"


def can_reopen(event: WebhookEvent, owner: Integration | None, *, now: datetime) -> bool:
    """Return whether an event may be processed again; `owner` is the integration that it was routed to.

    Only a failed, ignored or unrouted event can be, and not one from before its installation was bound to its current
    owner. An event of an integration stays with it: if the integration is revoked or has another installation,
    processing the event would publish it to no organization, or to the wrong one.
    """
    if event.status not in RETRYABLE or event.error_message == BEFORE_BINDING:
        return False
    if owner is None:
        return event.source_key is None or event.created_at >= now - UNROUTED_LIFETIME
    return not owner.is_revoked and owner.provider_id == event.source_key


class EnvelopeUnreadable(DomainError):
    """No error response has this code. It is at the beginning of the field `reason` of a failed webhook event.

    The payload is not valid JSON, does not have the structure of its event type, or has too many values. Follow the
    instruction in the `reason`. Retry the event only if the `reason` says so.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "envelope_unreadable"


class EventNotFound(DomainError):
    """The event does not exist, or the caller has no access to it. Check the event id."""

    kind = ErrorKind.NOT_FOUND
    code = "event_not_found"


class EventNotRetryable(DomainError):
    """The event cannot be retried.

    Only failed, ignored and unrouted events can be retried. The installation must still be connected to the
    organization that received the event. An event that was received more than 72 hours before its installation was
    connected, and an unrouted event that is older than 72 hours, cannot be retried.
    """

    kind = ErrorKind.ABORTED
    code = "event_not_retryable"


class PayloadDamaged(DomainError):
    """The stored payload of the event is damaged.

    The event and its verdicts are still available. An operator should check the database for damage.
    """

    kind = ErrorKind.INTERNAL
    code = "payload_damaged"


class PayloadExpired(DomainError):
    """The payload was deleted at the end of its retention period.

    The event and its verdicts are still available, but the event cannot be retried.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "payload_expired"
