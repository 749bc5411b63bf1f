from collections.abc import Collection, Sequence
from typing import Protocol

from core.domain.identifiers import IntegrationId, RepoId
from core.domain.repositories import Repository


class RepositoryStore(Protocol):
    """The catalog. It mirrors the provider, so its rows are not audited."""

    async def find_many(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""

    async def of_integration(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""

    async def save(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, new or not; of several for one key the last wins."""
