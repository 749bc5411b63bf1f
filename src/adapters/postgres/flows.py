from collections.abc import Collection, Sequence

from adapters.postgres.packed_arrays import Bigints, Texts
from adapters.postgres.session import Session
from core.domain.flows import PendingRequest
from core.domain.identifiers import AccountId, OrganizationId, ProviderUserId
from ports.flows import FlowStore

_AWAITING_APPROVAL = """
    SELECT f.id, f.organization_id, f.user_id, f.provider, f.provider_user_id, f.account_id, f.external_id,
        f.expires_at
    FROM unnest(%s::text[], %s::text[]) AS wanted (provider_user_id, account_id)
    JOIN git_flows AS f
        ON f.provider_user_id = wanted.provider_user_id AND f.account_id = wanted.account_id
    WHERE f.provider = %s AND f.status = 'awaiting_approval' AND f.expires_at > now()
    ORDER BY f.id
"""
_PENDING_OF = """
    SELECT id, organization_id, user_id, provider, provider_user_id, account_id, external_id, expires_at
    FROM git_flows
    WHERE organization_id = %s AND provider = %s AND status = 'awaiting_approval' AND expires_at > now()
    ORDER BY id DESC
    LIMIT 1
"""
_COMPLETE = """
    UPDATE git_flows SET status = 'completed', consumed_at = now(), updated_at = now()
    WHERE id = ANY(%s::bigint[]) AND status = 'awaiting_approval'
"""


class PostgresFlowStore(FlowStore):
    """The table `git_flows`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def awaiting_approval(
        self, provider: str, keys: Collection[tuple[ProviderUserId, AccountId]]
    ) -> Sequence[PendingRequest]:
        """Return live requests by exactly these requesters for exactly these accounts, oldest first."""
        wanted = set(keys)
        parameters = (Texts([key[0] for key in wanted]), Texts([key[1] for key in wanted]), provider)
        return [PendingRequest(*row) for row in await self._session.read(_AWAITING_APPROVAL, parameters)]

    async def pending_of(self, organization_id: OrganizationId, provider: str) -> PendingRequest | None:
        """Return the organization's live request that waits for approval, the newest of several."""
        rows = await self._session.read(_PENDING_OF, (organization_id, provider))
        return PendingRequest(*rows[0]) if rows else None

    async def complete(self, requests: Sequence[PendingRequest]) -> None:
        """End these requests as completed; raises `StorageConflict` where one had ended otherwise."""
        ids = sorted({request.flow_id for request in requests})
        if ids:
            await self._session.change_exactly(len(ids), _COMPLETE, (Bigints(ids),))
