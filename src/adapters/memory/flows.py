from collections.abc import Collection, Sequence
from dataclasses import replace

from adapters.memory.database import Session
from core.domain.errors import StorageConflict
from core.domain.flows import FlowStatus, PendingRequest
from core.domain.identifiers import AccountId, OrganizationId, ProviderUserId
from ports.flows import FlowStore


class MemoryFlowStore(FlowStore):
    """Browser flows in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def awaiting_approval(
        self, provider: str, keys: Collection[tuple[ProviderUserId, AccountId]]
    ) -> Sequence[PendingRequest]:
        """Return live requests by exactly these requesters for exactly these accounts, oldest first."""
        flows, now = self._session.state.flows, self._session.database.now()
        return [
            request
            for _, request in sorted(flows.items())
            if request.provider == provider
            and (request.requester_id, request.account_id) in keys
            and request.status is FlowStatus.AWAITING_APPROVAL
            and request.expires_at > now
        ]

    async def pending_of(self, organization_id: OrganizationId, provider: str) -> PendingRequest | None:
        """Return the organization's live request that waits for approval, the newest of several."""
        flows, now = self._session.state.flows, self._session.database.now()
        for _, request in sorted(flows.items(), reverse=True):
            if (
                (request.organization_id, request.provider) == (organization_id, provider)
                and request.status is FlowStatus.AWAITING_APPROVAL
                and request.expires_at > now
            ):
                return request
        return None

    async def complete(self, requests: Sequence[PendingRequest]) -> None:
        """End these requests as completed; raises `StorageConflict` where one had ended otherwise."""
        flows = (await self._session.writable()).flows
        for flow_id in {request.flow_id for request in requests}:
            known = flows.get(flow_id)
            with self._session.doomed_by_error():
                if known is None or known.status is not FlowStatus.AWAITING_APPROVAL:
                    raise StorageConflict("The request was completed or withdrawn meanwhile.")
            flows[flow_id] = replace(known, status=FlowStatus.COMPLETED)
