"""Deliveries that stand in a provider's own log and not in our ledger, and when they are asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.identifiers import RepoId


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """One attempt in the provider's own log of deliveries; `guid` is our delivery id.

    `answer` is what came of it in the provider's words, `status_code` the answer of ours it got, if any.
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
"""One this young may still be on its way to us."""

# Entries appear late, and not quite in the order of their times.
_OVERLAP = timedelta(minutes=10)
_DELAYS = (timedelta(minutes=5), timedelta(minutes=20), timedelta(hours=1))
# From this many failed fetches on a person should know; they go on all the same.
ALERT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class MissingDelivery:
    """A delivery our ledger has not. Times and `logged_id` are the provider's.

    `acted_on` tells whether events of its type may lead to anything here; those go first.
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
    """A missing delivery that could not be fetched; without a next attempt it is given up."""

    delivery_id: str
    attempts: int
    reason: str
    next_attempt_at: datetime | None

    @property
    def should_alert(self) -> bool:
        """Whether a person should know by now; true once for each delivery that is not given up later."""
        return self.next_attempt_at is None or self.attempts == ALERT_ATTEMPTS


@dataclass(frozen=True, slots=True)
class RecoveryState:
    """Where recovery from one provider's log stands.

    What was logged up to `compared_until`, by the provider's clock, is in the ledger or known to be missing;
    `compared_at` is when that was found, by ours. Those `missing` will be asked for; those `given_up` cannot
    be had any more.
    """

    compared_until: datetime | None = None
    compared_at: datetime | None = None
    missing: int = 0
    given_up: int = 0


def comparison_start(compared_until: datetime | None, since: timedelta | None, *, now: datetime) -> datetime | None:
    """Return how far back a log is read: None for all there is, and never less far than is needed."""
    if compared_until is None:
        return None
    needed = compared_until - _OVERLAP
    return needed if since is None else min(needed, now - since)


def may_still_arrive(logged: LoggedDelivery, *, now: datetime) -> bool:
    """Tell whether a delivery is too young to be called missing."""
    return logged.delivered_at > now - DELIVERY_GRACE


def plan_retry(missing: MissingDelivery, reason: str, *, now: datetime, final: bool = False) -> FailedFetch:
    """Decide when a delivery that could not be fetched is tried again; `final` says it never can be."""
    attempts = missing.attempts + 1
    delay = _DELAYS[min(attempts, len(_DELAYS)) - 1]
    return FailedFetch(missing.delivery_id, attempts, reason, None if final else now + delay)
