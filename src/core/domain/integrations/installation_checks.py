"""Apply the provider's state of an installation to its integration.

Webhooks are not enough: one may be lost, and the name of an event is not signed, so a webhook alone never ends an
integration.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from core.domain.identifiers import EventId, IntegrationId
from core.domain.install.binding import apply_facts, to_facts
from core.domain.install.installations import Installation
from core.domain.integrations.integration import (
    Integration,
    IntegrationStatus,
    StatusReason,
    build_integration_event,
    build_status_event,
)
from core.domain.streams.domain_event import DomainEvent, DomainEventType

CHECK_INTERVAL = timedelta(days=1)
FAILED_CHECK_DELAY = timedelta(hours=1)
# A provider's API may show an installation for some seconds after its deletion was reported.
_CONFIRMATION_PERIOD = timedelta(seconds=30)
_FIRST_CONFIRMATION_DELAY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ReportedDeletion:
    """A webhook says that an installation was deleted; the provider has not confirmed it yet."""

    integration_id: IntegrationId
    event_id: EventId
    delivery_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class DueCheck:
    """An integration whose installation is to be checked, and the reported deletion if there is one."""

    integration: Integration
    deletion: ReportedDeletion | None = None


@dataclass(frozen=True, slots=True)
class CheckBacklog:
    """Daily checks of a provider's live integrations; the longest overdue check is due since `due_since`."""

    live: int
    overdue: int
    due_since: datetime | None
    last_checked_at: datetime | None


class CheckOutcome(Enum):
    """How a check ended."""

    UNCHANGED = "unchanged"
    CHANGED = "changed"
    REVOKED = "revoked"
    DELETION_PENDING = "deletion_pending"
    DELETION_NOT_CONFIRMED = "deletion_not_confirmed"
    SUPERSEDED = "overtaken"  # language: allow "overtaken" - a released label of metrics
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The integration after a check, the facts to publish, and when the next check is due."""

    outcome: CheckOutcome
    integration: Integration
    next_check_at: datetime
    domain_events: tuple[DomainEvent, ...] = ()


def apply_check(
    integration: Integration, installation: Installation | None, deletion: ReportedDeletion | None, *, at: datetime
) -> CheckResult:
    """Return what follows from the provider's answer; `installation` is None if the provider has none."""
    if installation is None:
        return _revoke(integration, deletion, at=at)
    after, events = _update(integration, installation, at=at)
    if deletion is not None and at < deletion.received_at + _CONFIRMATION_PERIOD:
        # The delay doubles, so that a false report costs a handful of calls.
        delay = max(at - deletion.received_at, _FIRST_CONFIRMATION_DELAY)
        return CheckResult(CheckOutcome.DELETION_PENDING, after, at + delay, events)
    if deletion is not None:
        outcome = CheckOutcome.DELETION_NOT_CONFIRMED
    else:
        outcome = CheckOutcome.UNCHANGED if after == integration else CheckOutcome.CHANGED
    return CheckResult(outcome, after, at + CHECK_INTERVAL, events)


def _revoke(integration: Integration, deletion: ReportedDeletion | None, *, at: datetime) -> CheckResult:
    after = integration.revoke(StatusReason.UNINSTALLED_ON_PROVIDER, at=at)
    event = build_integration_event(
        DomainEventType.INTEGRATION_REVOKED,
        after,
        at=deletion.received_at if deletion else at,
        source_event_id=deletion.event_id if deletion else None,
    )
    return CheckResult(CheckOutcome.REVOKED, after, at + CHECK_INTERVAL, (event,))


def _update(
    integration: Integration, installation: Installation, *, at: datetime
) -> tuple[Integration, tuple[DomainEvent, ...]]:
    """Apply a rename, permissions, the selection and a suspension as their webhooks would."""
    after = apply_facts(integration, to_facts(installation))
    names = (integration.provider_name, integration.repository_selection)
    if names != (after.provider_name, after.repository_selection):
        # Only the catalog sync knows the names and the selection of repositories.
        after = after.request_sync(at=at)
    after = _with_status(after, is_suspended=installation.suspended_at is not None, at=at)
    events = []
    if after.status is not integration.status:
        events.append(build_status_event(after, at=at))
    if dict(after.permissions) != dict(integration.permissions):
        events.append(build_integration_event(DomainEventType.INTEGRATION_PERMISSIONS_CHANGED, after, at=at))
    if replace(after, provider_updated_at=integration.provider_updated_at) == integration:
        return integration, ()
    return after, tuple(events)


def _with_status(integration: Integration, *, is_suspended: bool, at: datetime) -> Integration:
    if is_suspended:
        return integration.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=at)
    # A refused token is the other reason for a suspension; only a token that is issued ends that.
    if (integration.status, integration.status_reason) == (
        IntegrationStatus.SUSPENDED,
        StatusReason.SUSPENDED_ON_PROVIDER,
    ):
        return integration.activate(at=at).request_sync(at=at)
    return integration
