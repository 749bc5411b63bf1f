from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

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
