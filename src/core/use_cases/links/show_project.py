from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.links.views import ProjectView
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.links.queries import get_project, views_of
from ports.authorizer import Authorizer
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ShowProject:
    """Show a project, with the repository it is linked to if there is one."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]

    async def __call__(self, actor: Actor, *, organization_id: UUID, project_id: UUID) -> ProjectView:
        """Return the project; raises `ProjectNotFound`, `OrganizationNotFound` or `ActionForbidden`."""
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            links = await tx.links.of_projects([project.id])
            return ProjectView(project, await views_of(tx, actor, organization, links, self.providers))
