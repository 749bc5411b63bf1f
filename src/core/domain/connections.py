from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.errors import DomainError, ErrorKind
from core.domain.identifiers import ConnectionId, ProviderUserId, UserId


class ConnectionStatus(Enum):
    """Whether we may act for the user at the provider."""

    ACTIVE = "active"
    RECONNECT_REQUIRED = "reconnect_required"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Connection:
    """One user's identity at a provider. Its tokens are kept apart and never travel with it."""

    id: ConnectionId
    external_id: UUID
    user_id: UserId
    provider: str
    provider_user_id: ProviderUserId
    created_at: datetime
    updated_at: datetime
    provider_username: str | None = None
    status: ConnectionStatus = ConnectionStatus.ACTIVE
    status_reason: str | None = None

    @property
    def is_active(self) -> bool:
        """Tell whether we may act for the user."""
        return self.status is ConnectionStatus.ACTIVE

    def lapsed(self, reason: str) -> "Connection":
        """Return it waiting for its user to connect again; one that is revoked stays so."""
        if self.status is ConnectionStatus.REVOKED:
            return self
        return replace(self, status=ConnectionStatus.RECONNECT_REQUIRED, status_reason=reason)

    def renewed(self) -> "Connection":
        """Return it active again; one that is revoked needs its user."""
        if self.status is ConnectionStatus.REVOKED:
            return self
        return replace(self, status=ConnectionStatus.ACTIVE, status_reason=None)


class ReconnectRequired(DomainError):
    """We cannot act for this user at the provider until they connect their account again."""

    kind = ErrorKind.FAILED_PRECONDITION
    code = "reconnect_required"
