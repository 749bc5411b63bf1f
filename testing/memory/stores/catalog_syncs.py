from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from core.domain.catalog.sync import reconcile_after
from core.domain.integrations.integration import Integration, IntegrationStatus
from ports.catalog_syncs import CatalogSyncStore, SyncClaim
from testing.memory.database import Session, State


class MemoryCatalogSyncStore(CatalogSyncStore):
    """Claims and states of syncs in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def due(self, *, now: datetime, limit: int) -> Sequence[Integration]:
        """Return integrations whose catalog is due, requested ones first."""
        state = self._session.state
        due = [row for row in state.integrations.values() if _is_due(state, row, now)]
        return deepcopy(sorted(due, key=_urgency)[:limit])

    async def claim(
        self, integration: Integration, *, owner: str, now: datetime, until: datetime
    ) -> SyncClaim | None:
        """Take the sync of a catalog that is still due, for the same installation."""
        state = await self._session.writable()
        known = state.integrations.get(integration.id)
        if known is None or known.provider_id != integration.provider_id or not _is_due(state, known, now):
            return None
        claimed = replace(known, sync_claimed_until=until, sync_requested_at=None)
        state.integrations[known.id], state.sync_owners[known.id] = claimed, owner
        return SyncClaim(owner, deepcopy(claimed), now, self._session.database.now())

    async def renew(self, claim: SyncClaim, *, until: datetime) -> bool:
        """Hold the claim until then, and all writers off until the end; False where it is lost."""
        state = await self._session.writable()
        known = state.integrations[claim.integration.id]
        if (
            state.sync_owners.get(known.id) != claim.owner
            or known.provider_id != claim.integration.provider_id
            or known.status is not IntegrationStatus.ACTIVE
        ):
            return False
        state.integrations[known.id] = replace(known, sync_claimed_until=until)
        return True

    async def finish(
        self, claim: SyncClaim, *, remark: str | None = None, retry_at: datetime | None = None
    ) -> None:
        """End a claim that is still held: the catalog is as of its beginning."""
        await self._end(
            claim,
            lambda known: replace(
                known, synced_at=claim.claimed_at, sync_failures=0, sync_error=remark, sync_retry_at=retry_at
            ),
        )

    async def fail(self, claim: SyncClaim, *, reason: str, retry_at: datetime) -> None:
        """End a claim that is still held, without success."""
        await self._end(
            claim,
            lambda known: replace(
                known, sync_failures=known.sync_failures + 1, sync_error=reason, sync_retry_at=retry_at
            ),
        )

    async def release(self, claim: SyncClaim) -> None:
        """End a claim that is still held as if it had not been made."""
        await self._end(
            claim,
            lambda known: replace(known, sync_requested_at=known.sync_requested_at or claim.claimed_at),
        )

    async def _end(self, claim: SyncClaim, step: Callable[[Integration], Integration]) -> None:
        state = await self._session.writable()
        known = state.integrations[claim.integration.id]
        if state.sync_owners.get(known.id) == claim.owner:
            del state.sync_owners[known.id]
            state.integrations[known.id] = replace(step(known), sync_claimed_until=None)


def _is_due(state: State, row: Integration, now: datetime) -> bool:
    return (
        row.status is IntegrationStatus.ACTIVE
        and (row.sync_claimed_until is None or row.sync_claimed_until <= now)
        and (row.sync_retry_at is None or row.sync_retry_at <= now)
        and (
            row.sync_requested_at is not None
            or row.id in state.sync_owners
            or row.sync_failures > 0
            or row.sync_error is not None
            or row.synced_at is None
            or row.synced_at <= now - reconcile_after(row.id)
        )
    )


def _urgency(row: Integration) -> tuple[bool, float, float, int]:
    requested, synced = row.sync_requested_at, row.synced_at
    return (
        requested is None,
        requested.timestamp() if requested else 0.0,
        synced.timestamp() if synced else float("-inf"),
        row.id,
    )
