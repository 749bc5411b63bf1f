from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core.domain.tokens.read_token import ReadLease, Stray
from ports.read_leases import ReadLeaseStore
from testing.memory.database import Session


class MemoryReadLeaseStore(ReadLeaseStore):
    """Tokens given to services, in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def add(self, lease: ReadLease) -> None:
        """Keep it."""
        (await self._session.writable()).read_leases[lease.external_id] = lease

    async def find(self, external_id: UUID) -> ReadLease | None:
        """Return one."""
        return self._session.state.read_leases.get(external_id)

    async def strays(self, *, now: datetime, limit: int) -> Sequence[Stray]:
        """Return at most `limit` live tokens to be revoked, the oldest first."""
        state = self._session.state
        linked = {(link.integration_id, link.repo_id) for link in state.links.values()}
        found = []
        for lease in state.read_leases.values():
            integration = state.integrations[lease.integration_id]
            changed = integration.status_changed_at
            moved = integration.is_revoked or (changed is not None and changed > lease.created_at)
            unlinked = any((integration.id, repo_id) not in linked for repo_id in lease.repo_ids)
            if lease.sealed is not None and lease.expires_at > now and (moved or unlinked):
                found.append(Stray(lease.external_id, integration.provider, lease.sealed))
        return found[:limit]

    async def end(self, external_id: UUID, *, at: datetime) -> None:
        """Note that the token was revoked, and forget it."""
        leases = (await self._session.writable()).read_leases
        leases[external_id] = replace(leases[external_id], sealed=None, revoked_at=at)

    async def forget_expired(self, *, now: datetime, limit: int) -> int:
        """Forget at most `limit` tokens that are over by themselves."""
        leases = (await self._session.writable()).read_leases
        over = [one for one in leases.values() if one.sealed is not None and one.expires_at <= now][:limit]
        leases.update({one.external_id: replace(one, sealed=None) for one in over})
        return len(over)
