from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.flows.flow import Flow, PendingRequest
from core.domain.identifiers import AccountId, FlowId, OrganizationId, ProviderUserId


class FlowStore(Protocol):
    """Browser flows, including those that wait for an account owner's approval."""

    async def next_id(self) -> FlowId:
        """Reserve the id of a new flow; gaps are normal."""

    async def add(self, flow: Flow) -> None:
        """Store a new flow."""

    async def find(self, provider: str, state_hash: bytes) -> Flow | None:
        """Return the flow with this state, in any status, or None."""

    async def list_by_ids(self, provider: str, external_ids: Collection[UUID]) -> Sequence[Flow]:
        """Return the flows with these ids in any status, newest first; unknown ids are left out.

        Not guaranteed: that the browser may continue them. Compare its cookies.
        """

    async def replace_unchanged(self, before: Flow, after: Flow) -> bool:
        """Store the next step of a flow; return False if the flow is no longer as in `before`.

        Guaranteed: of several callers with the same `before`, in any process, at most one gets True.
        """

    async def list_awaiting_approval(
        self, provider: str, keys: Collection[tuple[ProviderUserId, AccountId]]
    ) -> Sequence[PendingRequest]:
        """Return the live requests of exactly these requesters for exactly these accounts, oldest first."""

    async def find_pending_request(self, organization_id: OrganizationId, provider: str) -> PendingRequest | None:
        """Return the organization's newest live request that waits for approval, or None."""

    async def list_all_awaiting(
        self, provider: str, *, made_before: datetime, after: FlowId | None = None, limit: int
    ) -> Sequence[PendingRequest]:
        """Return the requests created before this time that wait for approval, expired ones included, oldest first.

        With `after`, only requests with a larger id.
        """

    async def complete(self, requests: Sequence[PendingRequest]) -> None:
        """Mark these requests as completed, so that no later installation matches them."""

    async def end(self, requests: Sequence[PendingRequest]) -> int:
        """Mark those of these requests as ended that still wait, and return their number."""

    async def limit_lifetime(self, requests: Sequence[PendingRequest], *, by: datetime) -> None:
        """Let those of these requests that still wait expire at this time, unless they expire earlier."""

    async def delete_expired(self, *, expired_before: datetime, limit: int) -> int:
        """Delete at most `limit` flows that expired before this time and cannot be continued; return their number."""
