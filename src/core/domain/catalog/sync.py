"""When a repository catalog is synced, and the state that users see."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import IntegrationId
from core.domain.integrations.integration import Integration
from core.domain.provider_errors import RateLimited

# A request before this is rejected: all users share the provider's rate limit.
COOLDOWN = timedelta(seconds=60)

_DAY = timedelta(hours=24)
_SPREAD_MINUTES = 120
_RETRIES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


LISTING_INCOMPLETE = "listing_incomplete"
"""The provider's list was inconsistent: its repositories are in the catalog, and nothing was removed."""
INCOMPLETE_RETRY = timedelta(hours=1)


class SyncPhase(Enum):
    """The sync state of a repository catalog. The catalog can be read in every state.

    `idle`: no sync is requested. `requested`: a sync starts soon. `running`: a sync reads the repositories. `failed`:
    the last sync failed, and the next one is automatic.
    """

    IDLE = "idle"
    REQUESTED = "requested"
    RUNNING = "running"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SyncState:
    """How current a catalog is: as of `synced_at`, `age` ago; None before the first sync.

    `error` is the code of the last sync's failure, `retry_at` the time of the next automatic retry. After an idle
    sync, `error` may be `listing_incomplete`: the provider's list was inconsistent, so nothing was removed.
    """

    phase: SyncPhase
    synced_at: datetime | None
    age: timedelta | None
    requested_at: datetime | None
    error: str | None
    retry_at: datetime | None


class SyncCoolingDown(DomainError):
    """The repository catalog was synced less than a minute ago. Try again after the delay in the response."""

    kind = ErrorKind.RESOURCE_EXHAUSTED
    code = "sync_cooling_down"


def build_sync_state(integration: Integration, now: datetime) -> SyncState:
    """Return the state of an integration's catalog."""
    if integration.sync_claimed_until is not None and integration.sync_claimed_until > now:
        phase = SyncPhase.RUNNING
    elif integration.sync_error not in (None, LISTING_INCOMPLETE):
        phase = SyncPhase.FAILED
    elif integration.sync_requested_at is not None or integration.synced_at is None:
        phase = SyncPhase.REQUESTED
    else:
        phase = SyncPhase.IDLE
    return SyncState(
        phase,
        integration.synced_at,
        now - integration.synced_at if integration.synced_at else None,
        integration.sync_requested_at,
        integration.sync_error,
        integration.sync_retry_at,
    )


def request_manual_sync(integration: Integration, now: datetime) -> Integration:
    """Return the integration with a sync requested by a user; raises `SyncCoolingDown`.

    A running or requested sync serves this request too. A failed sync starts without waiting for its retry, unless
    the provider's rate limit caused the wait.
    """
    state = build_sync_state(integration, now)
    if state.phase is SyncPhase.RUNNING:
        return integration
    if state.phase is SyncPhase.IDLE and state.age is not None:
        wait = COOLDOWN - state.age
        if wait > timedelta(0):
            raise SyncCoolingDown(
                "The repository catalog was synced less than a minute ago. Try again later.",
                retry_after=wait.total_seconds(),
            )
    requested = integration.request_sync(at=now)
    return requested if state.error == RateLimited.code else replace(requested, sync_retry_at=None)


def retry_delay(failures: int) -> timedelta:
    """Return the delay after this number of failures in a row (at least 1)."""
    return _RETRIES[min(failures, len(_RETRIES)) - 1]


def reconcile_delay(integration_id: IntegrationId) -> timedelta:
    """Return after how long a catalog is synced again without a request: about a day.

    The delay depends on the id, so that integrations that were synced together drift apart.
    """
    return _DAY - timedelta(minutes=integration_id % _SPREAD_MINUTES)
