from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.catalog_search import CatalogFilter, CatalogPlace
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.repositories import Repository


class RepositoryStore(Protocol):
    """The catalog. It mirrors the provider, so its rows are not audited.

    Each row remembers, by storage's own clock, when it was written last.
    """

    async def find_many(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""

    async def of_integration(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""

    async def search(
        self,
        integration_id: IntegrationId,
        where: CatalogFilter,
        *,
        limit: int,
        after: CatalogPlace | None = None,
    ) -> Sequence[Repository]:
        """Return at most `limit` rows that match, by name without regard to case, those after a place only.

        Removed rows are never among them.
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
