from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from core.domain.flows.flow import Flow, PendingRequest
from core.domain.identifiers import AccountId, FlowId, OrganizationId, ProviderUserId


class FlowStore(Protocol):
    """Browser flows, and among them those that wait for an account owner's approval."""

    async def next_id(self) -> FlowId:
        """Reserve the id of a flow about to be made; gaps are normal."""

    async def add(self, flow: Flow) -> None:
        """Keep a new flow."""

    async def find(self, provider: str, state_hash: bytes) -> Flow | None:
        """Return the flow whose state this is, whatever became of it."""

    async def list_by_ids(self, provider: str, external_ids: Collection[UUID]) -> Sequence[Flow]:
        """Return the flows with these ids in any state, newest first; unknown ids are left out.

        Not promised: that the browser may continue them. Compare its cookies.
        """

    async def replace_unchanged(self, before: Flow, after: Flow) -> bool:
        """Put a flow one step further; False where it is not any more as `before` says.

        Promised: of those who saw the same state, one at most makes the step, in any process.
        """

    async def list_awaiting_approval(
        self, provider: str, keys: Collection[tuple[ProviderUserId, AccountId]]
    ) -> Sequence[PendingRequest]:
        """Return live requests by exactly these requesters for exactly these accounts, oldest first."""

    async def find_pending_request(self, organization_id: OrganizationId, provider: str) -> PendingRequest | None:
        """Return the organization's live request that waits for approval, the newest of several."""

    async def list_all_awaiting(
        self, provider: str, *, made_before: datetime, after: FlowId | None = None, limit: int
    ) -> Sequence[PendingRequest]:
        """Return requests made before then that wait for approval, expired ones too, oldest first.

        Those behind `after` only, where it is given.
        """

    async def complete(self, requests: Sequence[PendingRequest]) -> None:
        """End these requests as completed; they match nothing any more."""

    async def end(self, requests: Sequence[PendingRequest]) -> int:
        """End those of these requests that still wait, and return how many."""

    async def limit_lifetime(self, requests: Sequence[PendingRequest], *, by: datetime) -> None:
        """Let those of these requests that still wait expire then; none lives longer for it."""

    async def delete_expired(self, *, expired_before: datetime, limit: int) -> int:
        """Delete flows that nobody can go on with and that expired before then; return how many."""
