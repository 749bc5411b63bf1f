from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from core.domain.actors import Actor
from core.domain.identifiers import IntegrationId, OrganizationId, ProjectId, RepoId
from core.domain.organizations import Project, ProjectPosition
from core.domain.overview import ProjectCounts, PushedProject


class ProjectStore(Protocol):
    """crewkit's projects. crewkit owns them: this service reads them, and creates projects at import.

    A project of another organization is never returned.
    """

    async def find(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Return a project of this organization, or None."""

    async def find_many(self, organization_id: OrganizationId, external_ids: Collection[UUID]) -> Sequence[Project]:
        """Return those of these projects that belong to this organization, in any order."""

    async def get_for_update(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Like `find`, and lock the project until this transaction ends, so that it cannot be deleted."""

    async def list(
        self,
        organization_id: OrganizationId,
        *,
        limit: int,
        after: ProjectPosition | None = None,
        linked: bool | None = None,
    ) -> Sequence[Project]:
        """Return at most `limit` of the organization's projects after a position, by name.

        With `linked`, only projects with a link, or only projects without one.
        """

    async def list_by_repositories(
        self, organization_id: OrganizationId, integration_id: IntegrationId, repo_ids: Collection[RepoId], *, most: int
    ) -> Mapping[RepoId, Sequence[Project]]:
        """Return the organization's projects that are linked to each of these repositories of an integration.

        At most `most` of each repository, in the order of linking. A repository without a link is left out.
        """

    async def list_by_last_push(self, organization_id: OrganizationId, *, limit: int) -> Sequence[PushedProject]:
        """Return at most `limit` linked projects of the organization, the most recently pushed repository first."""

    async def count(self, organization_id: OrganizationId) -> ProjectCounts:
        """Count the organization's projects, and the repositories that its integrations can access."""

    async def next_id(self) -> ProjectId:
        """Reserve the id of a new project; gaps are normal."""

    async def add(self, project: Project, by: Actor) -> None:
        """Create a project, with its audit version.

        Raises `ProjectNameTaken` if the organization has a project with exactly this name. If several are created at
        once through this port, one gets the name. Not guaranteed for projects that crewkit creates at the same time.
        """
