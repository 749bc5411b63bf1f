from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPlace
from core.domain.identifiers import IntegrationId, OrganizationId, RepoId
from core.domain.integrations.integration import Integration


class RepositoryStore(Protocol):
    """The catalog. It mirrors the provider, so its rows are not audited.

    Each row remembers, by storage's own clock, when it was written last.
    """

    async def find_many(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""

    async def find_named(self, names: Collection[tuple[IntegrationId, str]]) -> Sequence[Repository]:
        """Return the rows of these full names, without regard to case; no removed ones, in no order."""

    async def of_integration(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""

    async def browse(
        self,
        organization_id: OrganizationId,
        provider: str,
        where: CatalogFilter,
        *,
        limit: int,
        after: CatalogPlace | None = None,
    ) -> tuple[Integration, Sequence[Repository]] | None:
        """Return an organization's integration, and at most `limit` rows of its catalog that match.

        By name without regard to case, those after a place only; removed rows are never among them. None
        where the organization has no integration with this provider.
        """

    async def save(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, new or not; of several for one key the last wins."""

    async def save_unless_written_since(
        self, time: datetime, repositories: Sequence[Repository]
    ) -> Collection[tuple[IntegrationId, RepoId]]:
        """Like `save`, but leave alone what was written at this time or after; return the keys written.

        Times are storage's own, as a `SyncClaim` tells one. Whoever writes at the same moment is waited for.
        """

    async def unlisted(
        self, integration_id: IntegrationId, listed: Collection[RepoId], *, limit: int
    ) -> Sequence[Repository]:
        """Return at most `limit` rows that are not removed and not among the listed, in no order."""
