from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.identifiers import IntegrationId, OrganizationId, ProjectId, RepoId
from core.domain.organizations import Project, ProjectNameTaken, ProjectPosition
from core.domain.overview import ProjectCounts, PushedProject
from ports.projects import ProjectStore
from testing.memory.database import Session
from testing.memory.stores import audited


class MemoryProjectStore(ProjectStore):
    """Projects in memory."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def find(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Return a project of this organization."""
        wanted = (organization_id, external_id)
        projects = self._session.state.projects.values()
        return next((item for item in projects if (item.organization_id, item.external_id) == wanted), None)

    async def find_many(self, organization_id: OrganizationId, external_ids: Collection[UUID]) -> Sequence[Project]:
        """Return those of these that are projects of this organization."""
        projects = self._session.state.projects.values()
        return [
            item for item in projects if item.organization_id == organization_id and item.external_id in external_ids
        ]

    async def get_for_update(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Like `find`, and let nobody else write."""
        await self._session.writable()
        return await self.find(organization_id, external_id)

    async def list(
        self,
        organization_id: OrganizationId,
        *,
        limit: int,
        after: ProjectPosition | None = None,
        linked: bool | None = None,
    ) -> Sequence[Project]:
        """Return at most `limit` of the organization's projects by name, those after a place only."""
        state = self._session.state
        with_link = {link.project_id for link in state.links.values()}
        last = (after.name, after.project_id) if after else None
        found = [
            project
            for project in state.projects.values()
            if project.organization_id == organization_id
            and (last is None or _order(project) > last)
            and (linked is None or (project.id in with_link) is linked)
        ]
        return sorted(found, key=_order)[:limit]

    async def list_by_repositories(
        self, organization_id: OrganizationId, integration_id: IntegrationId, repo_ids: Collection[RepoId], *, most: int
    ) -> Mapping[RepoId, Sequence[Project]]:
        """Return the organization's projects linked to each of these, those linked first."""
        state = self._session.state
        found: dict[RepoId, list[Project]] = {}
        for link in sorted(state.links.values(), key=lambda link: link.id):
            project = state.projects[link.project_id]
            if (
                link.integration_id == integration_id
                and link.repo_id in repo_ids
                and project.organization_id == organization_id
            ):
                found.setdefault(link.repo_id, []).append(project)
        return {repo_id: projects[:most] for repo_id, projects in found.items()}

    async def list_by_last_push(self, organization_id: OrganizationId, *, limit: int) -> Sequence[PushedProject]:
        """Return at most `limit` linked projects, the most recently pushed repository first."""
        state = self._session.state
        pushed = []
        for link in sorted(state.links.values(), key=lambda link: link.id, reverse=True):
            row = state.repositories.get((link.integration_id, link.repo_id))
            project = state.projects[link.project_id]
            if project.organization_id == organization_id:
                name, pushed_at = (row.full_name, row.pushed_at) if row else (link.repo_full_name, None)
                pushed.append(PushedProject(project, link.repo_id, name, pushed_at))
        pushed.sort(key=lambda item: item.pushed_at.timestamp() if item.pushed_at else 0, reverse=True)
        return pushed[:limit]

    async def count(self, organization_id: OrganizationId) -> ProjectCounts:
        """Count projects and repositories."""
        state = self._session.state
        projects = {key for key, project in state.projects.items() if project.organization_id == organization_id}
        links = [link for link in state.links.values() if link.project_id in projects]
        accessible = {
            key
            for key, row in state.repositories.items()
            if row.removed_at is None
            and state.integrations[row.integration_id].organization_id == organization_id
            and not state.integrations[row.integration_id].is_revoked
        }
        return ProjectCounts(
            projects=len(projects),
            linked=len({link.project_id for link in links}),
            repositories=len(accessible),
            unreachable=sum((link.integration_id, link.repo_id) not in accessible for link in links),
        )

    async def next_id(self) -> ProjectId:
        """Reserve the id of a project about to be made; gaps are normal."""
        return ProjectId(next(self._session.database.ids))

    async def add(self, project: Project, by: Actor) -> None:
        """Make a project, with its audit version; raises `ProjectNameTaken`."""
        rows = (await self._session.writable()).projects
        with self._session.end_on_error():
            for other in rows.values():
                if (other.organization_id, other.name) == (project.organization_id, project.name):
                    raise ProjectNameTaken(
                        "This organization already has a project with this name. Choose another name."
                    )
        rows[project.id] = project
        await audited.record(self._session, "project", Change(None, project, by))


def _order(project: Project) -> tuple[str, UUID]:
    return project.name, project.external_id
