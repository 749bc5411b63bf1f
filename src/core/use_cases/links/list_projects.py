from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.identifiers import ProjectId
from core.domain.links.views import LinkView, ProjectView
from core.domain.organizations import ProjectPosition
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.links.queries import get_project, load_link_views
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One page of projects; `next` is where the following page begins."""

    projects: Sequence[ProjectView]
    next: ProjectPosition | None


@dataclass(frozen=True, slots=True)
class ListProjects:
    """List an organization's projects by name, each with its links."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]

    async def __call__(
        self,
        actor: Actor,
        *,
        organization_id: UUID,
        limit: int = 50,
        after: ProjectPosition | None = None,
        linked: bool | None = None,
    ) -> ProjectPage:
        """Return at most `limit` projects; raises `OrganizationNotFound` or `ActionForbidden`."""
        organization = await self.access_control.require(actor, Action.READ, organization_id)
        async with self.unit_of_work() as tx:
            projects = await tx.projects.list(organization.id, limit=limit + 1, after=after, linked=linked)
            page = projects[:limit]
            links = await tx.links.list_by_projects([project.id for project in page])
            views = await load_link_views(tx, actor, organization, links, self.providers)
        links_by_project: dict[ProjectId, list[LinkView]] = defaultdict(list)
        for view in views:
            links_by_project[view.link.project_id].append(view)
        last = page[-1] if len(projects) > limit else None
        return ProjectPage(
            [ProjectView(project, tuple(links_by_project[project.id])) for project in page],
            ProjectPosition(last.name, last.external_id) if last else None,
        )


@dataclass(frozen=True, slots=True)
class ShowProject:
    """Show a project with its links."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]

    async def __call__(self, actor: Actor, *, organization_id: UUID, project_id: UUID) -> ProjectView:
        """Return the project; raises `ProjectNotFound`, `OrganizationNotFound` or `ActionForbidden`."""
        organization = await self.access_control.require(actor, Action.READ, organization_id)
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            links = await tx.links.list_by_projects([project.id])
            return ProjectView(project, await load_link_views(tx, actor, organization, links, self.providers))
