from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from core.domain.errors import StorageConflict
from core.domain.identifiers import ConnectionId, IntegrationId, ProviderUserId, RevocationId
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.tokens.lease import EncryptedTokens, RefreshLease, StoredTokens
from core.domain.tokens.user_tokens import Revocation
from ports.tokens import InstallationTokenStore, TokenStore, UserTokenStore
from testing.memory.database import KeptRevocation, Session, State

OwnerId = TypeVar("OwnerId", bound=int)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class MemoryTokenStore(TokenStore[OwnerId], Generic[OwnerId]):
    """Tokens of one kind of row in memory."""

    def __init__(
        self,
        session: Session,
        owners: Callable[[State], Mapping[OwnerId, Any]],
        rows: Callable[[State], dict[OwnerId, StoredTokens]],
    ) -> None:
        self._session = session
        self._owners = owners
        self._rows = rows

    async def find(self, owner_id: OwnerId) -> StoredTokens | None:
        """Return the tokens and the lease of a row; None if the row does not exist."""
        state = self._session.state
        if owner_id not in self._owners(state):
            return None
        return self._rows(state).get(owner_id, StoredTokens())

    async def acquire_lease(self, owner_id: OwnerId, seen: StoredTokens, lease: RefreshLease) -> bool:
        """Store a lease; return False if the row has changed since it was read."""
        await self._session.writable()
        known = await self.find(owner_id)
        if known is None or (known.generation, known.lease) != (seen.generation, seen.lease):
            return False
        await self._put(owner_id, replace(known, lease=lease))
        return True

    async def release_lease(self, owner_id: OwnerId, lease: RefreshLease) -> None:
        """End a lease without new tokens. Does nothing if the lease is no longer held."""
        await self._session.writable()
        known = await self.find(owner_id)
        if known is not None and known.lease == lease:
            await self._put(owner_id, replace(known, lease=None))

    async def replace_unchanged(self, owner_id: OwnerId, seen: StoredTokens, tokens: EncryptedTokens) -> bool:
        """Replace the tokens read and end any lease; return False if they have changed."""
        await self._session.writable()
        known = await self.find(owner_id)
        if known is None or known.generation != seen.generation:
            return False
        await self._put(owner_id, StoredTokens(known.generation + 1, tokens))
        return True

    async def replace(self, owner_id: OwnerId, tokens: EncryptedTokens) -> None:
        """Replace the tokens and end any lease; raises `StorageConflict` if the row does not exist."""
        await self._session.writable()
        known = await self.find(owner_id)
        with self._session.end_on_error():
            if known is None:
                raise StorageConflict("The object was deleted by another request. Load it again, then try again.")
        await self._put(owner_id, StoredTokens(known.generation + 1, tokens))

    async def _put(self, owner_id: OwnerId, tokens: StoredTokens) -> None:
        self._rows(await self._session.writable())[owner_id] = tokens


class MemoryInstallationTokenStore(MemoryTokenStore[IntegrationId], InstallationTokenStore):
    """The tokens of integrations and the leases of read tokens in memory."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, lambda state: state.integrations, lambda state: state.integration_tokens)

    async def list_expiring(self, *, before: datetime, limit: int) -> Sequence[Integration]:
        """Return active integrations whose token expires before this time, the earliest first."""
        state, found = self._session.state, []
        for integration_id, row in state.integration_tokens.items():
            integration = state.integrations[integration_id]
            expires_at = row.tokens.expires_at if row.tokens else None
            if integration.status is IntegrationStatus.ACTIVE and expires_at and expires_at < before:
                found.append((expires_at, integration_id, integration))
        return [deepcopy(integration) for _, _, integration in sorted(found)[:limit]]

    async def list_due_for_probe(
        self, *, suspended_before: datetime, now: datetime, limit: int
    ) -> Sequence[Integration]:
        """Return suspended integrations whose next probe is due; no other transaction writes meanwhile."""
        state = await self._session.writable()
        found = [
            (state.probes.get(integration.id, _LONG_AGO), integration.id, integration)
            for integration in state.integrations.values()
            if integration.status is IntegrationStatus.SUSPENDED
            and (integration.status_changed_at or integration.created_at) <= suspended_before
            and state.probes.get(integration.id, _LONG_AGO) <= now
        ]
        return [deepcopy(integration) for _, _, integration in sorted(found)[:limit]]

    async def schedule_probe(self, integration_id: IntegrationId, *, at: datetime) -> None:
        """Store when the next probe is due."""
        (await self._session.writable()).probes[integration_id] = at


class MemoryUserTokenStore(MemoryTokenStore[ConnectionId], UserTokenStore):
    """The tokens of connections and the queued revocations in memory."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, lambda state: state.connections, lambda state: state.user_tokens)

    async def next_revocation_id(self) -> RevocationId:
        """Reserve the next id."""
        return RevocationId(next(self._session.database.ids))

    async def add_revocation(self, revocation: Revocation) -> None:
        """Add a revocation to the queue."""
        kept = KeptRevocation(revocation, self._session.database.now(), None)
        (await self._session.writable()).revocations[revocation.id] = kept

    async def claim_revocations(self, *, now: datetime, until: datetime, limit: int) -> Sequence[Revocation]:
        """Claim at most `limit` due revocations, the oldest first."""
        rows = (await self._session.writable()).revocations
        due = sorted(
            (kept for kept in rows.values() if kept.due_at <= now and not kept.is_taken(now)),
            key=lambda kept: (kept.due_at, kept.revocation.id),
        )[:limit]
        for kept in due:
            rows[kept.revocation.id] = replace(kept, taken_until=until)
        return sorted((kept.revocation for kept in due), key=lambda item: item.id)

    async def update_revocation(self, revocation_id: RevocationId, tokens: EncryptedTokens) -> None:
        """Replace the tokens of a revocation."""
        rows = (await self._session.writable()).revocations
        if kept := rows.get(revocation_id):
            rows[revocation_id] = replace(kept, revocation=replace(kept.revocation, tokens=tokens))

    async def postpone_revocation(self, revocation_id: RevocationId, *, attempts: int, at: datetime) -> None:
        """End the claim of a revocation; it is due again at `at`."""
        rows = (await self._session.writable()).revocations
        if kept := rows.get(revocation_id):
            rows[revocation_id] = KeptRevocation(replace(kept.revocation, attempts=attempts), at, None)

    async def delete_revocation(self, revocation_id: RevocationId) -> None:
        """Delete a revocation."""
        (await self._session.writable()).revocations.pop(revocation_id, None)

    async def exclude_grant_revocation(self, provider: str, provider_user_id: ProviderUserId, *, now: datetime) -> bool:
        """Limit the revocations of this account to their tokens; return False if one is in progress."""
        rows = (await self._session.writable()).revocations
        of_account = [
            kept
            for kept in rows.values()
            if (kept.revocation.provider, kept.revocation.provider_user_id) == (provider, provider_user_id)
            and kept.revocation.whole_grant
        ]
        for kept in of_account:
            if not kept.is_taken(now):
                spared = replace(kept.revocation, whole_grant=False)
                rows[spared.id] = replace(kept, revocation=spared)
        return not any(kept.is_taken(now) for kept in of_account)
