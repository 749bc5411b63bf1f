from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from core.domain.actors import Actor
from core.domain.integrations.views import IntegrationView
from core.domain.permissions import Action
from core.use_cases.authorization import require_in
from core.use_cases.integrations.views import look
from ports.authorizer import Authorizer
from ports.clock import Clock
from ports.directory import Directory
from ports.provider import GitProvider
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ListIntegrations:
    """List how an organization stands with each provider there is, connected or not."""

    unit_of_work: UnitOfWork
    directory: Directory
    authorizer: Authorizer
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID) -> Sequence[IntegrationView]:
        """Return one view per provider, by name; raises `OrganizationNotFound` or `ActionForbidden`."""
        organization = await require_in(self.directory, self.authorizer, actor, Action.READ, organization_id)
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            known = {one.provider: one for one in await tx.integrations.of_organization(organization.id)}
            return [
                await look(tx, actor, organization, provider, known.get(name), now=now)
                for name, provider in sorted(self.providers.items())
            ]
