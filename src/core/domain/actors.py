from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import UserId


@dataclass(frozen=True, slots=True)
class UserActor:
    """A signed-in user."""

    user_id: UserId
    external_id: UUID
    request_id: str | None = None

    @property
    def name(self) -> str:
        """The actor's name in audit rows."""
        return f"user:{self.external_id}"


@dataclass(frozen=True, slots=True)
class ServiceActor:
    """Another crewkit service with its scopes, and the user that it acts for, if any."""

    service: str
    scopes: frozenset[str]
    acting_user: UserActor | None = None
    request_id: str | None = None

    @property
    def name(self) -> str:
        """The actor's name in audit rows."""
        on_behalf = f" for {self.acting_user.name}" if self.acting_user else ""
        return f"service:{self.service}{on_behalf}"


@dataclass(frozen=True, slots=True)
class SystemActor:
    """This service itself: `webhook`, `tokens`, `scheduler`, `migration`, or an operator's command line (`cli`)."""

    role: str
    request_id: str | None = None

    @property
    def name(self) -> str:
        """The actor's name in audit rows."""
        return f"system:{self.role}"


Actor = UserActor | ServiceActor | SystemActor


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller that a verified token identifies: a user (`user_id`) or a service with scopes."""

    expires_at: datetime
    user_id: UUID | None = None
    service: str | None = None
    scopes: frozenset[str] = frozenset()


class ActingUserRefused(DomainError):
    """The acting user is malformed or unknown, or the caller is not a service.

    Only a service can act for a user. Send the id of a crewkit user, as a UUID.
    """

    kind = ErrorKind.INVALID_ARGUMENT
    code = "acting_user_invalid"


class TokenRefused(DomainError):
    """The access token is missing, malformed, expired, or not valid for this service.

    Sign in again, or get a new token.
    """

    # Callers do not learn which of these it is.
    kind = ErrorKind.UNAUTHENTICATED
    code = "token_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__("The access token is missing, expired or not valid. Sign in again.")
        self.reason = reason


class KeysUnavailable(DomainError):
    """The token issuer's public keys could not be fetched, so tokens cannot be verified. Try again later."""

    kind = ErrorKind.UNAVAILABLE
    code = "token_keys_unavailable"
