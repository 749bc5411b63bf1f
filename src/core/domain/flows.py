from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from uuid import UUID

from core.domain.identifiers import AccountId, FlowId, OrganizationId, ProviderUserId, UserId


class FlowPurpose(Enum):
    """What a person set out to do in the browser."""

    INSTALL = "install"
    CONNECT = "connect"


class FlowStatus(Enum):
    """Where a browser flow stands."""

    OPEN = "open"
    AWAITING_APPROVAL = "awaiting_approval"
    COMPLETED = "completed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A flow whose person asked the account's owner to approve the installation.

    Only an `installation.created` with exactly this requester and account completes it.
    """

    flow_id: FlowId
    organization_id: OrganizationId
    user_id: UserId
    provider: str
    requester_id: ProviderUserId
    account_id: AccountId
    external_id: UUID
    expires_at: datetime
    status: FlowStatus = FlowStatus.AWAITING_APPROVAL
