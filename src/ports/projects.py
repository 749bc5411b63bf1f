from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from core.domain.actors import Actor
from core.domain.identifiers import IntegrationId, OrganizationId, ProjectId, RepoId
from core.domain.organizations import Project, ProjectPosition


class ProjectStore(Protocol):
    """crewkit's projects. crewkit owns them: here they are read, and made at import, and nothing else.

    A project of another organization is never returned: it is as if it were not there.
    """

    async def find(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Return a project of this organization."""

    async def find_many(self, organization_id: OrganizationId, external_ids: Collection[UUID]) -> Sequence[Project]:
        """Return those of these that are projects of this organization, in any order."""

    async def get_for_update(self, organization_id: OrganizationId, external_id: UUID) -> Project | None:
        """Like `find`, and keep others from deleting it, and from doing this, until this transaction ends."""

    async def list(
        self,
        organization_id: OrganizationId,
        *,
        limit: int,
        after: ProjectPosition | None = None,
        linked: bool | None = None,
    ) -> Sequence[Project]:
        """Return at most `limit` of the organization's projects by name, those after a place only.

        With `linked`, only those that have a link, or have none.
        """

    async def list_by_repositories(
        self, organization_id: OrganizationId, integration_id: IntegrationId, repo_ids: Collection[RepoId], *, most: int
    ) -> Mapping[RepoId, Sequence[Project]]:
        """Return the organization's projects linked to each of these repositories of an integration.

        Those linked first, at most `most` of each; a repository that none is linked to is left out.
        """

    async def next_id(self) -> ProjectId:
        """Reserve the id of a project about to be made; gaps are normal."""

    async def add(self, project: Project, by: Actor) -> None:
        """Make a project, with its audit version.

        Raises `ProjectNameTaken` where the organization has one of exactly this name. Of several made at once
        through this port one gets the name; what crewkit makes itself meanwhile, crewkit has to tell apart.
        """
