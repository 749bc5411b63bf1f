"""When a token is requested from the provider, by which process, and what a rejection means.

Pure functions of rows and times.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from core.domain.audit import Change
from core.domain.connections import Connection, ConnectionStatus
from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import ConnectionId, IntegrationId
from core.domain.integrations.integration import Integration, IntegrationNotActive, IntegrationStatus, StatusReason
from core.domain.provider_errors import (
    AccessBlocked,
    AppRefused,
    InstallationGone,
    InstallationSuspended,
    ProviderUnavailable,
)

# A returned token is valid for at least this long: the longest single call, and a clock that is slightly wrong.
MIN_VALIDITY = timedelta(minutes=2)
# The job renews tokens this early, so that no caller waits for a token and a short outage of the provider can pass.
RENEWAL_MARGIN = timedelta(minutes=10)

# A holder stops before its lease ends, by more than the clocks of two machines differ.
LEASE_DURATION = timedelta(seconds=60)
REQUEST_TIMEOUT = timedelta(seconds=40)

# The delays between reads of the row while another process requests a token: 10 seconds in total.
POLL_DELAYS = (0.05, 0.1, 0.2, 0.4, *[0.5] * 18)

MAX_ATTEMPTS = 3
FIRST_PROBE = timedelta(minutes=5)
_LAST_PROBE = timedelta(hours=1)
_LONGEST_APP_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RefreshLease:
    """The right to request a row's next token; `owner` is one attempt of one process, not the process."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True)
class EncryptedTokens:
    """Tokens as they are stored. `expires_at` is None if they do not expire."""

    access: str
    expires_at: datetime | None
    refresh: str | None = None


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """The tokens and the lease of a row. `generation` grows whenever the tokens are replaced or wiped."""

    generation: int = 0
    tokens: EncryptedTokens | None = None
    lease: RefreshLease | None = None


class Step(Enum):
    """The next step of a caller that needs a token."""

    ASK = "ask"
    WAIT = "wait"
    GIVE_UP = "give_up"


class Refusal(Enum):
    """Why the provider did not issue a token."""

    UNAVAILABLE = "free"
    APP = "our_apps"
    SUSPENDED = "suspended"
    GONE = "gone"
    OTHER = "other"


def is_valid_for(expires_at: datetime | None, now: datetime, at_least: timedelta = MIN_VALIDITY) -> bool:
    """Return whether something that expires at this time is valid for longer than `at_least` from now."""
    return expires_at is None or expires_at - now > at_least


def integration_ids_to_wipe(changes: Iterable[Change[Integration]]) -> list[IntegrationId]:
    """Return the integrations whose tokens must be wiped: revoked, or bound to another installation."""
    return [
        change.after.id
        for change in changes
        if change.before is not None
        and change.after is not None
        and (change.after.is_revoked or change.after.provider_id != change.before.provider_id)
    ]


def connection_ids_to_wipe(changes: Iterable[Change[Connection]]) -> list[ConnectionId]:
    """Return the connections whose tokens must be wiped: revoked."""
    return [
        change.after.id
        for change in changes
        if change.before is not None and change.after is not None and change.after.status is ConnectionStatus.REVOKED
    ]


def next_step(row: StoredTokens, seen: StoredTokens | None, now: datetime) -> Step:
    """Return the next step for a row without a usable token; `seen` is the row at the last read.

    If another process held the lease and released it without a new token, the provider has just rejected its request.
    Another request at once would only delay all callers. A lease that was not released belongs to a process that
    ended.
    """
    if row.lease is not None:
        return Step.WAIT if row.lease.until > now else Step.ASK
    if seen is not None and seen.lease is not None and seen.generation == row.generation:
        return Step.GIVE_UP
    return Step.ASK


def lapse_reason(row: StoredTokens) -> str:
    """Return why a user must connect again, from the row before its last token was rejected.

    A lease that was not released means that a process ended before it could store the new tokens.
    """
    if row.tokens is None or row.tokens.refresh is None:
        return "token_ended"
    return "rotation_lost" if row.lease else "refresh_token_refused"


def explain_inactive(integration: Integration) -> IntegrationNotActive:
    """Return the error for an integration without a token, with the remedy."""
    match integration.status_reason:
        case StatusReason.SUSPENDED_ON_PROVIDER:
            message = "The installation is suspended at the provider. An owner of the account can unsuspend it there."
        case StatusReason.TOKEN_REFUSED:
            message = (
                "The provider does not issue access tokens for this installation. Check the installation "
                "at the provider. This service tries again automatically."
            )
        case _:
            message = "This organization is not connected to the provider. Connect it again."
    return IntegrationNotActive(message)


def classify_refusal(error: DomainError) -> Refusal:
    """Return what an error of the provider means: only a rejection of this installation counts against it."""
    if isinstance(error, AppRefused):
        return Refusal.APP
    if isinstance(error, InstallationSuspended):
        return Refusal.SUSPENDED
    if isinstance(error, InstallationGone):
        return Refusal.GONE
    if isinstance(error, ProviderUnavailable | AccessBlocked) or error.kind is ErrorKind.UNAVAILABLE:
        return Refusal.UNAVAILABLE
    return Refusal.OTHER


def next_attempt(integration: Integration, refusal: Refusal, attempts: int) -> timedelta | None:
    """Return the delay after this number of rejected attempts in a row; None if it was the last attempt.

    Three attempts for an active integration, 2 and 4 seconds apart; a probe of a suspended one is a single attempt.
    """
    is_active = integration.status is IntegrationStatus.ACTIVE
    if refusal is not Refusal.OTHER or not is_active or attempts >= MAX_ATTEMPTS:
        return None
    return timedelta(seconds=1 << attempts)


def apply_refusal(integration: Integration, refusal: Refusal, *, at: datetime) -> Integration:
    """Return the integration after its last attempt was rejected; an outage changes nothing."""
    if integration.is_revoked:
        return integration
    match refusal:
        case Refusal.SUSPENDED:
            return integration.suspend(StatusReason.SUSPENDED_ON_PROVIDER, at=at)
        case Refusal.GONE:
            return integration.revoke(StatusReason.UNINSTALLED_ON_PROVIDER, at=at)
        case Refusal.OTHER if integration.status is IntegrationStatus.ACTIVE:
            return integration.suspend(StatusReason.TOKEN_REFUSED, at=at)
        case _:
            return integration


def apply_success(integration: Integration, *, at: datetime) -> Integration:
    """Return the integration after a token was issued: a suspension ends.

    No events were delivered in the meantime, so a catalog sync is requested.
    """
    if integration.status is not IntegrationStatus.SUSPENDED:
        return integration
    return integration.activate(at=at).request_sync(at=at)


def next_probe(suspended_at: datetime, now: datetime) -> datetime:
    """Return when to probe a suspended integration next: after 5 minutes, growing to an hour.

    Waiting as long again as it has been suspended doubles the time between probes.
    """
    return now + min(max(now - suspended_at, FIRST_PROBE), _LAST_PROBE)


def app_pause(refusals: int) -> timedelta:
    """Return how long to send no request after the app was rejected this many times: 15 seconds to 5 minutes."""
    return min(timedelta(seconds=15) * (1 << min(refusals - 1, 10)), _LONGEST_APP_PAUSE)
