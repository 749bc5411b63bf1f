from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.integrations.views import IntegrationView
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.integrations.views import look
from core.use_cases.supported_providers import require_supported
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ShowIntegration:
    """Show how an organization stands with a provider: there is always an answer, and one thing to do."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, provider: str) -> IntegrationView:
        """Return the view; raises `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`."""
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        require_supported(provider, self.providers)
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            integration = await tx.integrations.find(organization.id, provider)
            return await look(tx, actor, organization, self.providers[provider], integration, now=now)
