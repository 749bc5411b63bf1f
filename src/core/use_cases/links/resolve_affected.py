from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.catalog.repository import RepositoryNotFound
from core.domain.changed_files import ChangedFiles
from core.domain.identifiers import RepoId
from core.domain.integrations.integration import IntegrationNotFound
from core.domain.permissions import Action
from core.domain.rules.affected import AffectedProject, find_affected
from core.use_cases.authorization import AccessControl
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ResolveAffectedProjects:
    """Find the projects of a repository that a change of files touches."""

    unit_of_work: UnitOfWork
    access_control: AccessControl

    async def __call__(
        self, actor: Actor, *, organization_id: UUID, provider: str, repo_id: RepoId, paths: Sequence[str]
    ) -> Sequence[AffectedProject]:
        """Return the projects that these changed paths touch, the oldest link first.

        Raises `RepositoryNotFound`, `IntegrationNotFound`, `ProviderUnknown`, `OrganizationNotFound` or
        `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        async with self.unit_of_work() as tx:
            integration = await tx.integrations.find(organization.id, provider)
            if integration is None:
                raise IntegrationNotFound("This organization is not connected to the provider. Connect it first.")
            key = (integration.id, repo_id)
            links = await tx.links.list_by_repositories([key])
            if not links and not await tx.catalog.find_repositories([key]):
                raise RepositoryNotFound("The integration has no access to this repository. Check the repository id.")
        return find_affected(links, ChangedFiles.of(paths, complete=True))
