from collections.abc import Callable, Collection, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime

from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPosition, about, search_order, searchable
from core.domain.catalog.sync import reconcile_delay
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.integrations.integration import Integration, IntegrationStatus
from ports.catalog import CatalogStore, SyncClaim
from testing.memory.database import Session, State
from testing.memory.stores.integrations import MemoryIntegrationStore


class MemoryCatalogStore(CatalogStore):
    """Catalogs and their syncs in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_repositories(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""
        rows = self._session.state.repositories
        return [rows[key] for key in set(keys) if key in rows]

    async def find_repositories_by_name(self, names: Collection[tuple[IntegrationId, str]]) -> Sequence[Repository]:
        """Return the rows that have these full names, without regard to case; no removed ones."""
        wanted = {(integration_id, searchable(name)) for integration_id, name in names}
        return [
            row
            for row in self._session.state.repositories.values()
            if row.removed_at is None and (row.integration_id, searchable(row.full_name)) in wanted
        ]

    async def load_repositories(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""
        rows = self._session.state.repositories.values()
        return [repository for repository in rows if repository.integration_id == integration_id]

    async def search_repositories(
        self,
        organization_id: OrganizationId,
        provider: str,
        where: CatalogFilter,
        *,
        limit: int,
        after: CatalogPosition | None = None,
    ) -> tuple[Integration, Sequence[Repository]] | None:
        """Return an integration and at most `limit` rows that match, by name, those after a place only."""
        integration = await MemoryIntegrationStore(self._session).find(organization_id, provider)
        if integration is None:
            return None
        last = search_order(where.text, after.full_name, after.repo_id) if after else None
        matching = [
            (search_order(where.text, row.full_name, row.repo_id, about(row)), row)
            for row in await self.load_repositories(integration.id)
            if row.removed_at is None and where.matches(row)
        ]
        found = [(order, row) for order, row in matching if last is None or order > last]
        return integration, [row for _, row in sorted(found, key=lambda item: item[0])[:limit]]

    async def save_repositories(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, new or not; of several for one key the last wins."""
        state, now = await self._session.writable(), self._session.database.now()
        for repository in repositories:
            key = repository.integration_id, repository.repo_id
            state.repositories[key], state.repositories_written_at[key] = repository, now

    async def save_repositories_not_written_since(
        self, time: datetime, repositories: Sequence[Repository]
    ) -> Collection[tuple[IntegrationId, RepoId]]:
        """Write these rows but what was written at this time or after; return the keys written."""
        written_at = (await self._session.writable()).repositories_written_at
        last = {(repository.integration_id, repository.repo_id): repository for repository in repositories}
        chosen = {key: row for key, row in last.items() if key not in written_at or written_at[key] < time}
        await self.save_repositories(list(chosen.values()))
        return chosen.keys()

    async def list_unlisted_repositories(
        self, integration_id: IntegrationId, listed: Collection[RepoId], *, limit: int
    ) -> Sequence[Repository]:
        """Return at most `limit` rows that are not removed and not among the listed."""
        known = set(listed)
        rows = await self.load_repositories(integration_id)
        return [row for row in rows if row.removed_at is None and row.repo_id not in known][:limit]

    async def list_due_syncs(self, *, now: datetime, limit: int) -> Sequence[Integration]:
        """Return integrations whose catalog is due, requested ones first."""
        state = self._session.state
        due = [row for row in state.integrations.values() if _is_due(state, row, now)]
        return deepcopy(sorted(due, key=_urgency)[:limit])

    async def claim_sync(
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

    async def renew_sync_claim(self, claim: SyncClaim, *, until: datetime) -> bool:
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

    async def finish_sync(
        self, claim: SyncClaim, *, remark: str | None = None, retry_at: datetime | None = None
    ) -> None:
        """End a claim that is still held: the catalog is as of its beginning."""
        await self._end(
            claim,
            lambda known: replace(
                known, synced_at=claim.claimed_at, sync_failures=0, sync_error=remark, sync_retry_at=retry_at
            ),
        )

    async def fail_sync(self, claim: SyncClaim, *, reason: str, retry_at: datetime) -> None:
        """End a claim that is still held, without success."""
        await self._end(
            claim,
            lambda known: replace(
                known, sync_failures=known.sync_failures + 1, sync_error=reason, sync_retry_at=retry_at
            ),
        )

    async def release_sync(self, claim: SyncClaim) -> None:
        """End a claim that is still held as if it had not been made."""
        await self._end(
            claim, lambda known: replace(known, sync_requested_at=known.sync_requested_at or claim.claimed_at)
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
            or row.synced_at <= now - reconcile_delay(row.id)
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
