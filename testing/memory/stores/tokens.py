from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from core.domain.errors import StorageConflict
from core.domain.identifiers import ConnectionId, IntegrationId
from core.domain.integrations.integration import Integration, IntegrationStatus
from core.domain.tokens.lease import Lease, SealedTokens, StoredTokens
from ports.token_store import InstallationTokenStore, TokenStore, UserTokenStore
from testing.memory.database import Session, State

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
        """Return what the row knows of its tokens; None where there is no such row."""
        state = self._session.state
        if owner_id not in self._owners(state):
            return None
        return self._rows(state).get(owner_id, StoredTokens())

    async def take(self, owner_id: OwnerId, seen: StoredTokens, lease: Lease) -> bool:
        """Put a lease in the place of the one seen, or of none; False where the row has changed since."""
        await self._session.writable()
        known = await self.find(owner_id)
        if known is None or (known.generation, known.lease) != (seen.generation, seen.lease):
            return False
        await self._put(owner_id, replace(known, lease=lease))
        return True

    async def let_go(self, owner_id: OwnerId, lease: Lease) -> None:
        """End a lease without a token; one that is not held any more is left alone."""
        await self._session.writable()
        known = await self.find(owner_id)
        if known is not None and known.lease == lease:
            await self._put(owner_id, replace(known, lease=None))

    async def advance(self, owner_id: OwnerId, seen: StoredTokens, tokens: SealedTokens) -> bool:
        """Replace the tokens seen, held lease or not, and end any lease; False where others came first."""
        await self._session.writable()
        known = await self.find(owner_id)
        if known is None or known.generation != seen.generation:
            return False
        await self._put(owner_id, StoredTokens(known.generation + 1, tokens))
        return True

    async def replace(self, owner_id: OwnerId, tokens: SealedTokens) -> None:
        """Put in tokens whatever was there; raises `StorageConflict` where there is no such row."""
        await self._session.writable()
        known = await self.find(owner_id)
        with self._session.doomed_by_error():
            if known is None:
                raise StorageConflict(
                    "The object was deleted by another request. Load it again, then try again."
                )
        await self._put(owner_id, StoredTokens(known.generation + 1, tokens))

    async def _put(self, owner_id: OwnerId, tokens: StoredTokens) -> None:
        self._rows(await self._session.writable())[owner_id] = tokens


class MemoryInstallationTokenStore(MemoryTokenStore[IntegrationId], InstallationTokenStore):
    """Tokens of integrations in memory."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, lambda state: state.integrations, lambda state: state.integration_tokens)

    async def ending(self, *, before: datetime, limit: int) -> Sequence[Integration]:
        """Return active integrations whose token ends before then, the first to end first."""
        state, found = self._session.state, []
        for integration_id, row in state.integration_tokens.items():
            integration = state.integrations[integration_id]
            expires_at = row.tokens.expires_at if row.tokens else None
            if integration.status is IntegrationStatus.ACTIVE and expires_at and expires_at < before:
                found.append((expires_at, integration_id, integration))
        return [deepcopy(integration) for _, _, integration in sorted(found)[:limit]]

    async def due_for_probe(
        self, *, suspended_before: datetime, now: datetime, limit: int
    ) -> Sequence[Integration]:
        """Return suspended integrations whose next probe is due; nobody else may write meanwhile."""
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
        """Let the next probe be due then."""
        (await self._session.writable()).probes[integration_id] = at


class MemoryUserTokenStore(MemoryTokenStore[ConnectionId], UserTokenStore):
    """Tokens of connections in memory."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, lambda state: state.connections, lambda state: state.user_tokens)
