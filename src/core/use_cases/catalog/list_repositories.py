from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.repository import Repository
from core.domain.catalog.search import CatalogFilter, CatalogPosition
from core.domain.catalog.sync import SyncCoolingDown, SyncState, build_sync_state
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import IntegrationNotActive
from core.domain.organizations import Project
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.catalog.queries import find_linked_projects, get_connected, get_repository, require_connected
from core.use_cases.catalog.request_sync import request_sync
from ports.system import Clock
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CatalogPage:
    """One page of the catalog with the state of its sync. `next` is where the following page begins.

    `projects` are the linked projects by repository, if the caller requested them.
    """

    repositories: Sequence[Repository]
    next: CatalogPosition | None
    sync: SyncState
    projects: Mapping[RepoId, Sequence[Project]] | None = None


@dataclass(frozen=True, slots=True)
class ListRepositories:
    """List or search the repositories of an integration in the catalog, by name."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        provider: str,
        where: CatalogFilter,
        limit: int = 50,
        after: CatalogPosition | None = None,
        refresh: bool = False,
        with_projects: bool = False,
    ) -> CatalogPage:
        """Return at most `limit` repositories. `refresh` also requests a sync, unless there was one just now.

        A refresh requires permission to sync, and does not wait for the sync. Raises `IntegrationNotActive`,
        `IntegrationNotFound`, `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        action = Action.SYNC if refresh else Action.READ
        organization = await self.access_control.require(actor, action, organization_id, provider)
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            if refresh:
                with suppress(SyncCoolingDown, IntegrationNotActive):
                    await request_sync(tx, actor, organization, provider, now)
                    await tx.commit()
            result = await tx.catalog.search_repositories(
                organization.id, provider, where, limit=limit + 1, after=after
            )
            integration, rows = result or (None, ())
            integration = require_connected(integration)
            page, last = rows[:limit], rows[limit - 1] if len(rows) > limit else None
            projects = None
            if with_projects:
                ids = [repository.repo_id for repository in page]
                projects = await find_linked_projects(tx, organization, integration.id, ids)
        next_position = CatalogPosition(last.full_name, last.repo_id) if last else None
        return CatalogPage(page, next_position, build_sync_state(integration, now), projects)


@dataclass(frozen=True, slots=True)
class RepositoryDetails:
    """A repository with its linked projects and the state of the catalog's sync."""

    repository: Repository
    sync: SyncState
    projects: Sequence[Project]


@dataclass(frozen=True, slots=True)
class ShowRepository:
    """Show one repository of the catalog."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, repo_id: RepoId
    ) -> RepositoryDetails:
        """Return the repository; raises `RepositoryNotFound` and what `ListRepositories` raises."""
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = await get_connected(tx, organization, provider)
            repository = await get_repository(tx, integration, repo_id)
            projects = await find_linked_projects(tx, organization, integration.id, [repo_id])
        sync = build_sync_state(integration, self.clock.now())
        return RepositoryDetails(repository, sync, projects.get(repo_id, ()))
