from collections.abc import Collection, Sequence
from datetime import datetime

from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPlace, about, search_order, searchable
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.integrations.integration import Integration
from ports.repositories import RepositoryStore
from testing.memory.database import Session
from testing.memory.stores.integrations import MemoryIntegrationStore


class MemoryRepositoryStore(RepositoryStore):
    """The catalog in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_many(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""
        rows = self._session.state.repositories
        return [rows[key] for key in set(keys) if key in rows]

    async def find_named(self, names: Collection[tuple[IntegrationId, str]]) -> Sequence[Repository]:
        """Return the rows that have these full names, without regard to case; no removed ones."""
        wanted = {(integration_id, searchable(name)) for integration_id, name in names}
        return [
            row
            for row in self._session.state.repositories.values()
            if row.removed_at is None and (row.integration_id, searchable(row.full_name)) in wanted
        ]

    async def of_integration(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""
        rows = self._session.state.repositories.values()
        return [repository for repository in rows if repository.integration_id == integration_id]

    async def browse(
        self,
        organization_id: OrganizationId,
        provider: str,
        where: CatalogFilter,
        *,
        limit: int,
        after: CatalogPlace | None = None,
    ) -> tuple[Integration, Sequence[Repository]] | None:
        """Return an integration and at most `limit` rows that match, by name, those after a place only."""
        integration = await MemoryIntegrationStore(self._session).find(organization_id, provider)
        if integration is None:
            return None
        last = search_order(where.text, after.full_name, after.repo_id) if after else None
        matching = [
            (search_order(where.text, row.full_name, row.repo_id, about(row)), row)
            for row in await self.of_integration(integration.id)
            if row.removed_at is None and where.matches(row)
        ]
        found = [(order, row) for order, row in matching if last is None or order > last]
        return integration, [row for _, row in sorted(found, key=lambda one: one[0])[:limit]]

    async def save(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, new or not; of several for one key the last wins."""
        state, now = await self._session.writable(), self._session.database.now()
        for repository in repositories:
            key = repository.integration_id, repository.repo_id
            state.repositories[key], state.repositories_written_at[key] = repository, now

    async def save_unless_written_since(
        self, time: datetime, repositories: Sequence[Repository]
    ) -> Collection[tuple[IntegrationId, RepoId]]:
        """Write these rows but what was written at this time or after; return the keys written."""
        written_at = (await self._session.writable()).repositories_written_at
        last = {(repository.integration_id, repository.repo_id): repository for repository in repositories}
        chosen = {key: row for key, row in last.items() if key not in written_at or written_at[key] < time}
        await self.save(list(chosen.values()))
        return chosen.keys()

    async def unlisted(
        self, integration_id: IntegrationId, listed: Collection[RepoId], *, limit: int
    ) -> Sequence[Repository]:
        """Return at most `limit` rows that are not removed and not among the listed."""
        known = set(listed)
        rows = await self.of_integration(integration_id)
        return [row for row in rows if row.removed_at is None and row.repo_id not in known][:limit]
