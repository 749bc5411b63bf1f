from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.repository import Repository
from core.domain.catalog.sync import SyncState, sync_state
from core.domain.identifiers import RepoId
from core.domain.organizations import Project
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.catalog.queries import get_readable, get_repository, projects_of
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RepositoryDetails:
    """A repository, projects linked to it, and how current the catalog is that shows it."""

    repository: Repository
    sync: SyncState
    projects: Sequence[Project]


@dataclass(frozen=True, slots=True)
class ShowRepository:
    """Show one repository, from our catalog."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Collection[str]
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, repo_id: RepoId
    ) -> RepositoryDetails:
        """Return the repository; raises `RepositoryNotFound` and what `ListRepositories` raises."""
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        require_supported(provider, self.providers)
        async with self.unit_of_work() as tx:
            integration = await get_readable(tx, organization, provider)
            repository = await get_repository(tx, integration, repo_id)
            projects = await projects_of(tx, organization, integration.id, [repo_id])
        sync = sync_state(integration, self.clock.now())
        return RepositoryDetails(repository, sync, projects.get(repo_id, ()))
