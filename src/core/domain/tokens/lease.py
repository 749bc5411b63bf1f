"""Who may ask a provider for a token, when, and what a refusal means: rows and times in, decisions out."""

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

# A token given out lives at least this long: the longest single call, and a clock that is somewhat off.
MIN_VALIDITY = timedelta(minutes=2)
# The job renews so early that nobody waits for a token, and that an outage of the provider's may pass.
RENEWAL_MARGIN = timedelta(minutes=10)

# A holder stops asking before its lease ends, by more than the clocks of two machines differ.
LEASE_DURATION = timedelta(seconds=60)
REQUEST_TIMEOUT = timedelta(seconds=40)

# How long someone waits between looks at the row while another asks: 10 seconds in all.
POLL_DELAYS = (0.05, 0.1, 0.2, 0.4, *[0.5] * 18)

MAX_ATTEMPTS = 3
FIRST_PROBE = timedelta(minutes=5)
_LAST_PROBE = timedelta(hours=1)
_LONGEST_APP_PAUSE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RefreshLease:
    """The right to ask for a row's next token; `owner` is one attempt of one process, not the process."""

    owner: str
    until: datetime


@dataclass(frozen=True, slots=True)
class EncryptedTokens:
    """Tokens as a row keeps them: encrypted. `expires_at` is None where they have no end."""

    access: str
    expires_at: datetime | None
    refresh: str | None = None


@dataclass(frozen=True, slots=True)
class StoredTokens:
    """What a row knows of its tokens. `generation` grows whenever they are replaced or wiped."""

    generation: int = 0
    tokens: EncryptedTokens | None = None
    lease: RefreshLease | None = None


class Step(Enum):
    """What someone without a token does next."""

    ASK = "ask"
    WAIT = "wait"
    GIVE_UP = "give_up"


class Refusal(Enum):
    """What it means that the provider made no token."""

    NOBODYS = "nobodys"
    OUR_APPS = "our_apps"
    SUSPENDED = "suspended"
    GONE = "gone"
    OTHER = "other"


def is_valid_for(expires_at: datetime | None, now: datetime, at_least: timedelta = MIN_VALIDITY) -> bool:
    """Tell whether what ends then is good for so long from now."""
    return expires_at is None or expires_at - now > at_least


def integration_ids_to_wipe(changes: Iterable[Change[Integration]]) -> list[IntegrationId]:
    """Return the integrations whose tokens must not outlive these steps: revoked, or bound to another."""
    return [
        change.after.id
        for change in changes
        if change.before is not None
        and change.after is not None
        and (change.after.is_revoked or change.after.provider_id != change.before.provider_id)
    ]


def connection_ids_to_wipe(changes: Iterable[Change[Connection]]) -> list[ConnectionId]:
    """Return the connections whose tokens must not outlive these steps."""
    return [
        change.after.id
        for change in changes
        if change.before is not None and change.after is not None and change.after.status is ConnectionStatus.REVOKED
    ]


def next_step(row: StoredTokens, seen: StoredTokens | None, now: datetime) -> Step:
    """Decide what to do about a row that has no token good enough; `seen` is the row at the last look.

    One whom others waited for, and who let go without a token, has just heard no from the provider: asking
    again one after the other would only keep everyone waiting. One who never let go has died.
    """
    if row.lease is not None:
        return Step.WAIT if row.lease.until > now else Step.ASK
    if seen is not None and seen.lease is not None and seen.generation == row.generation:
        return Step.GIVE_UP
    return Step.ASK


def lapse_reason(row: StoredTokens) -> str:
    """Return why a person has to connect again, from the row as it was before its last token was refused.

    A lease that nobody gave back tells of someone who asked, and died before writing the answer down.
    """
    if row.tokens is None or row.tokens.refresh is None:
        return "token_ended"
    return "rotation_lost" if row.lease else "refresh_token_refused"


def explain_inactive(integration: Integration) -> IntegrationNotActive:
    """Return why an integration has no token, and the one thing that helps."""
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
    """Read an error of the provider's: only a refusal of this very installation counts against it."""
    if isinstance(error, AppRefused):
        return Refusal.OUR_APPS
    if isinstance(error, InstallationSuspended):
        return Refusal.SUSPENDED
    if isinstance(error, InstallationGone):
        return Refusal.GONE
    if isinstance(error, ProviderUnavailable | AccessBlocked) or error.kind is ErrorKind.UNAVAILABLE:
        return Refusal.NOBODYS
    return Refusal.OTHER


def next_attempt(integration: Integration, refusal: Refusal, attempts: int) -> timedelta | None:
    """Return when to ask again after so many refused attempts in a row; None: that was the last.

    Three for an active integration, 2 and 4 seconds apart; a probe of a suspended one is a single attempt.
    """
    is_active = integration.status is IntegrationStatus.ACTIVE
    if refusal is not Refusal.OTHER or not is_active or attempts >= MAX_ATTEMPTS:
        return None
    return timedelta(seconds=1 << attempts)


def apply_refusal(integration: Integration, refusal: Refusal, *, at: datetime) -> Integration:
    """Return the integration after the last attempt was refused; an outage leaves it as it is."""
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
    """Return the integration after a token was made: whatever had suspended it is over.

    Nothing was delivered meanwhile, so the catalog has to be read again.
    """
    if integration.status is not IntegrationStatus.SUSPENDED:
        return integration
    return integration.activate(at=at).request_sync(at=at)


def next_probe(suspended_at: datetime, now: datetime) -> datetime:
    """Return when to probe a suspended integration after a probe now: 5 minutes later, growing to an hour.

    Waiting as long again as it has been suspended doubles the time between probes.
    """
    return now + min(max(now - suspended_at, FIRST_PROBE), _LAST_PROBE)


def app_pause(refusals: int) -> timedelta:
    """Return how long to ask nothing after our app was refused so many times: 15 seconds to 5 minutes."""
    return min(timedelta(seconds=15) * (1 << min(refusals - 1, 10)), _LONGEST_APP_PAUSE)
