from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.errors import StorageConflict
from core.domain.flows.flow import Flow, FlowStatus, PendingRequest
from core.domain.identifiers import AccountId, FlowId, OrganizationId, ProviderUserId
from ports.flows import FlowStore
from testing.memory.database import Session


class MemoryFlowStore(FlowStore):
    """Browser flows in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def next_id(self) -> FlowId:
        """Reserve the next number."""
        return FlowId(next(self._session.database.ids))

    async def add(self, flow: Flow) -> None:
        """Keep a new flow."""
        stored = replace(flow, stepped_at=self._session.database.now())
        (await self._session.writable()).flows[flow.id] = stored

    async def find(self, provider: str, state_hash: bytes) -> Flow | None:
        """Return the flow whose state this is."""
        flows = self._session.state.flows.values()
        return next((flow for flow in flows if (flow.provider, flow.state_hash) == (provider, state_hash)), None)

    async def list_by_ids(self, provider: str, external_ids: Collection[UUID]) -> Sequence[Flow]:
        """Return the flows with these ids, newest first."""
        flows = self._session.state.flows.values()
        found = [flow for flow in flows if flow.provider == provider and flow.external_id in external_ids]
        return sorted(found, key=lambda flow: flow.id, reverse=True)

    async def replace_unchanged(self, before: Flow, after: Flow) -> bool:
        """Put a flow one step further, unless someone else has."""
        flows = (await self._session.writable()).flows
        known = flows.get(before.id)
        if known is None or (known.state_hash, known.status) != (before.state_hash, before.status):
            return False
        flows[before.id] = replace(after, stepped_at=self._session.database.now())
        return True

    async def list_awaiting_approval(
        self, provider: str, keys: Collection[tuple[ProviderUserId, AccountId]]
    ) -> Sequence[PendingRequest]:
        """Return live requests by exactly these requesters for exactly these accounts, oldest first."""
        now = self._session.database.now()
        return self._list_waiting(
            lambda item: (
                item.provider == provider and (item.requester_id, item.account_id) in keys and item.expires_at > now
            )
        )

    async def find_pending_request(self, organization_id: OrganizationId, provider: str) -> PendingRequest | None:
        """Return the organization's live request that waits for approval, the newest of several."""
        now = self._session.database.now()
        found = self._list_waiting(
            lambda item: (item.organization_id, item.provider) == (organization_id, provider) and item.expires_at > now
        )
        return found[-1] if found else None

    async def list_all_awaiting(
        self, provider: str, *, made_before: datetime, after: FlowId | None = None, limit: int
    ) -> Sequence[PendingRequest]:
        """Return requests made before then that wait for approval, oldest first."""
        flows = self._session.state.flows
        return self._list_waiting(
            lambda item: (
                item.provider == provider
                and flows[item.flow_id].created_at < made_before
                and (after is None or item.flow_id > after)
            )
        )[:limit]

    async def complete(self, requests: Sequence[PendingRequest]) -> None:
        """End these requests as completed; raises `StorageConflict` where one had ended otherwise."""
        flows = (await self._session.writable()).flows
        for flow_id in {request.flow_id for request in requests}:
            known = flows.get(flow_id)
            with self._session.end_on_error():
                if known is None or known.status is not FlowStatus.AWAITING_APPROVAL:
                    raise StorageConflict(
                        "The request was completed or withdrawn in the meantime. Load the current state."
                    )
            flows[flow_id] = replace(known, status=FlowStatus.COMPLETED)

    async def end(self, requests: Sequence[PendingRequest]) -> int:
        """End those that still wait."""
        flows = (await self._session.writable()).flows
        waiting = _those_waiting(flows, requests)
        for flow in waiting:
            flows[flow.id] = replace(flow, status=FlowStatus.ENDED)
        return len(waiting)

    async def limit_lifetime(self, requests: Sequence[PendingRequest], *, by: datetime) -> None:
        """Shorten what is left of them."""
        flows = (await self._session.writable()).flows
        for flow in _those_waiting(flows, requests):
            flows[flow.id] = replace(flow, expires_at=min(flow.expires_at, by))

    async def delete_expired(self, *, expired_before: datetime, limit: int) -> int:
        """Delete flows that expired before then, save those that wait."""
        flows = (await self._session.writable()).flows
        gone = [
            flow.id
            for flow in flows.values()
            if flow.expires_at < expired_before and flow.status is not FlowStatus.AWAITING_APPROVAL
        ][:limit]
        for flow_id in gone:
            del flows[flow_id]
        return len(gone)

    def _list_waiting(self, wanted: Callable[[PendingRequest], bool]) -> list[PendingRequest]:
        requests = (_request(flow) for _, flow in sorted(self._session.state.flows.items()))
        return [request for request in requests if request is not None and wanted(request)]


def _those_waiting(flows: Mapping[FlowId, Flow], requests: Sequence[PendingRequest]) -> list[Flow]:
    return [
        flow
        for flow_id in {request.flow_id for request in requests}
        if (flow := flows.get(flow_id)) and flow.status is FlowStatus.AWAITING_APPROVAL
    ]


def _request(flow: Flow) -> PendingRequest | None:
    if flow.status is not FlowStatus.AWAITING_APPROVAL:
        return None
    if flow.organization_id is None or flow.provider_user_id is None or flow.account_id is None:
        return None
    return PendingRequest(
        flow.id,
        flow.organization_id,
        flow.user_id,
        flow.provider,
        flow.provider_user_id,
        flow.account_id,
        flow.external_id,
        flow.expires_at,
    )
