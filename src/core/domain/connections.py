"""Connections: users' accounts at a provider."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId


@dataclass(frozen=True, slots=True)
class ProviderPerson:
    """The account that a user token belongs to."""

    id: ProviderUserId
    login: str
    name: str | None
    avatar_url: str | None
    email: str | None


class ConnectionStatus(Enum):
    """Whether this service may act for the user at the provider."""

    ACTIVE = "active"
    RECONNECT_REQUIRED = "reconnect_required"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Connection:
    """One user's account at a provider. Its tokens are stored and read separately."""

    id: ConnectionId
    external_id: UUID
    user_id: UserId
    provider: str
    provider_user_id: ProviderUserId
    created_at: datetime
    updated_at: datetime
    provider_username: str | None = None
    provider_email: str | None = None
    provider_avatar_url: str | None = None
    scopes: tuple[str, ...] = ()
    status: ConnectionStatus = ConnectionStatus.ACTIVE
    status_reason: str | None = None

    @property
    def is_active(self) -> bool:
        """Whether this service may act for the user."""
        return self.status is ConnectionStatus.ACTIVE

    def mark_reconnect_required(self, reason: str) -> "Connection":
        """Return a copy that waits for its user to connect again. A revoked connection stays revoked."""
        if self.status is ConnectionStatus.REVOKED:
            return self
        return replace(self, status=ConnectionStatus.RECONNECT_REQUIRED, status_reason=reason)

    def with_profile(self, person: ProviderPerson) -> "Connection":
        """Return a copy with the account's current login, email and avatar. The account id identifies the account."""
        return replace(
            self, provider_username=person.login, provider_email=person.email, provider_avatar_url=person.avatar_url
        )

    def mark_active(self) -> "Connection":
        """Return an active copy. A revoked connection stays revoked: only its user can connect again."""
        if self.status is ConnectionStatus.REVOKED:
            return self
        return replace(self, status=ConnectionStatus.ACTIVE, status_reason=None)


class ReconnectRequired(DomainError):
    """This service can no longer use the user's account at the provider.

    The user must connect the account again.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "reconnect_required"


class ProviderAccountTaken(DomainError):
    """This provider account is connected to another crewkit user.

    Connect a different account, or ask that user to disconnect this account first.
    """

    kind = ErrorKind.ALREADY_EXISTS
    code = "provider_account_taken"


class OtherAccountConnected(DomainError):
    """The user has already connected a different account of this provider.

    Disconnect that account first, or sign in at the provider with that account.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "other_account_connected"


class EmailPermissionMissing(DomainError):
    """The app does not have the permission to read verified email addresses at the provider.

    This service needs the addresses to attribute commits. An operator must grant the permission. Then connect the
    account again.
    """

    kind = ErrorKind.FAILED_PRECONDITION
    code = "email_permission_missing"


def account_taken_error() -> ProviderAccountTaken:
    """Return the error for an account that another user has connected. It never names that user."""
    return ProviderAccountTaken(
        "This account is connected to another crewkit user. Disconnect it there first, or connect a different account."
    )


def connect(known: Connection | None, holder: Connection | None, person: ProviderPerson, new: Connection) -> Connection:
    """Return the connection of a user who has just proven that they own an account.

    `known` is the user's existing connection, `holder` the existing connection of this account, and `new` the first
    connection. The same account becomes active again, and a revoked connection can get another account. Raises
    `ProviderAccountTaken` or `OtherAccountConnected`.
    """
    if holder is not None and holder.user_id != new.user_id:
        raise account_taken_error()
    if known is None:
        return new.with_profile(person)
    if known.provider_user_id != person.id and known.status is not ConnectionStatus.REVOKED:
        raise OtherAccountConnected(
            f"You have already connected the account {known.provider_username}. Disconnect it first, "
            "or sign in with it at the provider."
        )
    return replace(
        known.with_profile(person),
        provider_user_id=person.id,
        scopes=new.scopes,
        status=ConnectionStatus.ACTIVE,
        status_reason=None,
    )


class ConnectionStanding(Enum):
    """The status of a user's connection to a provider.

    `not_connected`: the user has not connected an account. `active`: the connection works. `reconnect_required`: the
    provider no longer accepts the tokens. `revoked`: the connection was ended.
    """

    NOT_CONNECTED = "not_connected"
    ACTIVE = "active"
    RECONNECT_REQUIRED = "reconnect_required"
    REVOKED = "revoked"


class ConnectionRemedy(Enum):
    """The recommended next action: `connect` an account, or `reconnect` the account."""

    CONNECT = "connect"
    RECONNECT = "reconnect"


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One user's connection with one provider, which may not exist; `emails` are verified at the provider."""

    provider: str
    standing: ConnectionStanding
    remedy: ConnectionRemedy | None
    connection: Connection | None = None
    emails: Sequence[str] = ()


def build_connection_view(provider: str, connection: Connection | None, emails: Sequence[str] = ()) -> ConnectionView:
    """Return what a user sees of their connection."""
    if connection is None:
        return ConnectionView(provider, ConnectionStanding.NOT_CONNECTED, ConnectionRemedy.CONNECT)
    remedy = None if connection.is_active else ConnectionRemedy.RECONNECT
    return ConnectionView(provider, ConnectionStanding(connection.status.value), remedy, connection, emails)
