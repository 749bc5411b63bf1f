"""Deliveries in the provider's log that this service has not stored, and when they are fetched."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.identifiers import RepoId


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """One attempt in the provider's delivery log; `guid` is the delivery id.

    `answer` is the result in the provider's words, `status_code` the response of this service, if any.
    """

    id: int
    guid: str
    delivered_at: datetime
    event_type: str
    action: str | None
    source_key: str | None
    repo_id: RepoId | None
    succeeded: bool
    answer: str = ""
    status_code: int | None = None


DELIVERY_GRACE = timedelta(minutes=1)
"""A delivery younger than this may still arrive."""

# Log entries appear late, and not exactly in the order of their times.
_OVERLAP = timedelta(minutes=10)
_DELAYS = (timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
# After this many failed fetches, a person is alerted. Fetching continues.
ALERT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class MissingDelivery:
    """A delivery that is not stored as a webhook event. Times and `logged_id` are the provider's.

    `acted_on` is whether events of its type can change anything here; those are fetched first.
    """

    provider: str
    delivery_id: str
    logged_id: int
    event_type: str
    delivered_at: datetime
    acted_on: bool
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class FailedFetch:
    """A missing delivery that could not be fetched. Without a next attempt, it is given up."""

    delivery_id: str
    attempts: int
    reason: str
    next_attempt_at: datetime | None

    @property
    def should_alert(self) -> bool:
        """Whether to alert a person: true once for each delivery."""
        return self.next_attempt_at is None or self.attempts == ALERT_ATTEMPTS


@dataclass(frozen=True, slots=True)
class RecoveryState:
    """The state of recovery from one provider's log.

    Every delivery logged up to `compared_until`, by the provider's clock, is stored or known to be missing;
    `compared_at` is the time of that comparison, by the clock of this service. `missing` deliveries will be fetched;
    `given_up` deliveries are no longer available.
    """

    compared_until: datetime | None = None
    compared_at: datetime | None = None
    missing: int = 0
    given_up: int = 0


def comparison_start(compared_until: datetime | None, since: timedelta | None, *, now: datetime) -> datetime | None:
    """Return the time up to which the log is read back; None reads all of it.

    `since` can only extend the range.
    """
    if compared_until is None:
        return None
    needed = compared_until - _OVERLAP
    return needed if since is None else min(needed, now - since)


def may_still_arrive(logged: LoggedDelivery, *, now: datetime) -> bool:
    """Return whether a delivery is too recent to count as missing."""
    return logged.delivered_at > now - DELIVERY_GRACE


def plan_retry(missing: MissingDelivery, reason: str, *, now: datetime, final: bool = False) -> FailedFetch:
    """Return when a delivery that could not be fetched is tried again; `final` means never."""
    attempts = missing.attempts + 1
    delay = _DELAYS[min(attempts, len(_DELAYS)) - 1]
    return FailedFetch(missing.delivery_id, attempts, reason, None if final else now + delay)
