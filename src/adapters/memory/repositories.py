from collections.abc import Collection, Sequence

from adapters.memory.database import Session
from core.domain.identifiers import IntegrationId, RepoId
from core.domain.repositories import Repository
from ports.repositories import RepositoryStore


class MemoryRepositoryStore(RepositoryStore):
    """The catalog in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find_many(self, keys: Collection[tuple[IntegrationId, RepoId]]) -> Sequence[Repository]:
        """Return the rows there are among these, removed ones included, in no order."""
        rows = self._session.state.repositories
        return [rows[key] for key in set(keys) if key in rows]

    async def of_integration(self, integration_id: IntegrationId) -> Sequence[Repository]:
        """Return the whole catalog of one integration, removed rows included."""
        rows = self._session.state.repositories.values()
        return [repository for repository in rows if repository.integration_id == integration_id]

    async def save(self, repositories: Sequence[Repository]) -> None:
        """Write these rows as they are, new or not; of several for one key the last wins."""
        rows = (await self._session.writable()).repositories
        rows |= {(repository.integration_id, repository.repo_id): repository for repository in repositories}
