from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.links.views import LinkView
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.links.queries import get_link, get_project, views_of
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ShowLink:
    """Show which repository a project is linked to, and whether it can be reached."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]

    async def __call__(self, actor: Actor, *, organization_id: UUID, project_id: UUID, provider: str) -> LinkView:
        """Return the link.

        Raises `ProjectNotLinked`, `ProjectNotFound`, `ProviderUnknown`, `OrganizationNotFound` or
        `ActionForbidden`.
        """
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        require_supported(provider, self.providers)
        async with self.unit_of_work() as tx:
            project = await get_project(tx, organization, project_id)
            link = await get_link(tx, project, provider)
            [view] = await views_of(tx, actor, organization, [link], self.providers)
        return view
