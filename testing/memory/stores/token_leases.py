from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.identifiers import OrganizationId
from core.domain.tokens.installation_tokens import OrphanedToken, TokenLease, TokenLeaseId
from ports.token_leases import TokenLeaseStore
from testing.memory.database import Session


class MemoryTokenLeaseStore(TokenLeaseStore):
    """The leases of read tokens in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add_token_lease(self, lease: TokenLease) -> None:
        """Store the lease of a read token."""
        lease = replace(lease, id=TokenLeaseId(next(self._session.database.ids)))
        (await self._session.writable()).read_leases[lease.external_id] = lease

    async def find_token_lease(self, external_id: UUID) -> TokenLease | None:
        """Return a lease, or None."""
        return self._session.state.read_leases.get(external_id)

    async def list_orphaned_tokens(self, *, now: datetime, limit: int) -> Sequence[OrphanedToken]:
        """Return at most `limit` unexpired read tokens that must be revoked, the oldest first."""
        state = self._session.state
        linked = {(link.integration_id, link.repo_id) for link in state.links.values()}
        found = []
        for lease in state.read_leases.values():
            integration = state.integrations[lease.integration_id]
            changed = integration.status_changed_at
            moved = integration.is_revoked or (changed is not None and changed > lease.created_at)
            unlinked = any((integration.id, repo_id) not in linked for repo_id in lease.repo_ids)
            is_orphaned = moved or unlinked or lease.revoke_requested_at is not None
            if lease.sealed is not None and lease.expires_at > now and is_orphaned:
                found.append(OrphanedToken(lease.external_id, integration.provider, lease.sealed))
        return found[:limit]

    async def end_token_lease(self, external_id: UUID, *, at: datetime) -> None:
        """Record that a read token was revoked, and wipe it."""
        leases = (await self._session.writable()).read_leases
        leases[external_id] = replace(leases[external_id], sealed=None, revoked_at=at)

    async def wipe_expired_tokens(self, *, now: datetime, limit: int) -> int:
        """Wipe at most `limit` expired read tokens."""
        leases = (await self._session.writable()).read_leases
        over = [item for item in leases.values() if item.sealed is not None and item.expires_at <= now][:limit]
        leases.update({item.external_id: replace(item, sealed=None) for item in over})
        return len(over)

    async def list_token_leases(
        self,
        organization_id: OrganizationId,
        *,
        held_by: str | None = None,
        valid_at: datetime | None = None,
        limit: int,
        before: TokenLeaseId | None = None,
    ) -> Sequence[TokenLease]:
        """Return an organization's leases, the newest first."""
        matching = [
            lease
            for lease in self._session.state.read_leases.values()
            if lease.organization_id == organization_id
            and (before is None or lease.id < before)
            and (held_by is None or lease.actor == held_by or lease.actor.endswith(f" for {held_by}"))
            and (valid_at is None or (lease.expires_at > valid_at and lease.revoked_at is None))
        ]
        return sorted(matching, key=lambda lease: -lease.id)[:limit]

    async def request_token_revocation(self, external_id: UUID, *, at: datetime) -> None:
        """Make a read token orphaned."""
        leases = (await self._session.writable()).read_leases
        if leases[external_id].revoke_requested_at is None:
            leases[external_id] = replace(leases[external_id], revoke_requested_at=at)
