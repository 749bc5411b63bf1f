from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind


@dataclass(frozen=True, slots=True)
class Principal:
    """Whom a verified token speaks for: a user (`user_id`) or a service with scopes."""

    expires_at: datetime
    user_id: UUID | None = None
    service: str | None = None
    scopes: frozenset[str] = frozenset()


class ActingUserRefused(DomainError):
    """The user a service says it acts for is none, or the caller is a user, who acts for nobody else."""

    kind = ErrorKind.INVALID_ARGUMENT
    code = "acting_user_invalid"


class TokenRefused(DomainError):
    """The token is missing, malformed, expired or not ours; callers are not told which."""

    kind = ErrorKind.UNAUTHENTICATED
    code = "token_invalid"

    def __init__(self, reason: str) -> None:
        super().__init__("Sign in again: the access token is missing, expired or not valid here.")
        self.reason = reason
