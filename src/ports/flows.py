from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.flows import PendingRequest
from core.domain.identifiers import AccountId, OrganizationId, ProviderUserId


class FlowStore(Protocol):
    """Browser flows; here those that wait for an account owner's approval."""

    async def awaiting_approval(
        self, provider: str, keys: Collection[tuple[ProviderUserId, AccountId]]
    ) -> Sequence[PendingRequest]:
        """Return live requests by exactly these requesters for exactly these accounts, oldest first."""

    async def pending_of(self, organization_id: OrganizationId, provider: str) -> PendingRequest | None:
        """Return the organization's live request that waits for approval, the newest of several."""

    async def complete(self, requests: Sequence[PendingRequest]) -> None:
        """End these requests as completed; they match nothing any more."""
