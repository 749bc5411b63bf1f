from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from core.domain.actors import Actor
from core.domain.events.metrics import Bucket
from core.domain.integrations.integration import Integration
from core.domain.integrations.views import IntegrationView, build_integration_view
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from core.use_cases.integrations.manage_pages import find_manage_url
from ports.events import EventFilter
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork

_HEALTH_RANGE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ListIntegrations:
    """List the integrations of an organization with all providers, connected or not."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID) -> Sequence[IntegrationView]:
        """Return one view per provider, by name; raises `OrganizationNotFound` or `ActionForbidden`."""
        organization = await self.access_control.require(actor, Action.READ, organization_id)
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            integrations = {
                integration.provider: integration
                for integration in await tx.integrations.list_by_organization(organization.id)
            }
            return [
                await _load_with_use(tx, actor, organization, provider, integrations.get(name), now=now)
                for name, provider in sorted(self.providers.items())
            ]


@dataclass(frozen=True, slots=True)
class ShowIntegration:
    """Show the integration of an organization with a provider, connected or not."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, provider: str) -> IntegrationView:
        """Return the view; raises `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`."""
        organization = await self.access_control.require(actor, Action.READ, organization_id, provider)
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            integration = await tx.integrations.find(organization.id, provider)
            return await _load_with_use(tx, actor, organization, self.providers[provider], integration, now=now)


async def _load_with_use(
    tx: Transaction,
    actor: Actor,
    organization: Organization,
    provider: GitProvider,
    integration: Integration | None,
    *,
    now: datetime,
) -> IntegrationView:
    view = await load_view(tx, actor, organization, provider, integration, now=now)
    if integration is None:
        return view
    use = await tx.integrations.count_use(integration.id, since=Bucket.HOUR.floor(now - _HEALTH_RANGE))
    newest = await tx.events.list(EventFilter(organization.id, provider.name), limit=1)
    return replace(
        view,
        use=replace(use, last_event_at=newest[0].created_at if newest else None),
        needed_permissions=provider.needs.permissions,
        account_urls=provider.build_account_urls(integration.account_id, integration.provider_name)
        if integration.provider_name
        else None,
    )


async def load_view(
    tx: Transaction,
    actor: Actor,
    organization: Organization,
    provider: GitProvider,
    integration: Integration | None,
    *,
    now: datetime,
) -> IntegrationView:
    """Return the view of an integration, or of a provider that is not connected."""
    # A pending request matters only while nothing is connected, so most calls save this query.
    is_live = integration is not None and not integration.is_revoked
    pending = None if is_live else await tx.flows.find_pending_request(organization.id, provider.name)
    return build_integration_view(
        provider.name,
        integration,
        pending,
        lacks_permissions=integration is not None and not provider.needs.is_met_by(integration.permissions),
        manage_url=await find_manage_url(tx, actor, provider, integration) if integration else None,
        now=now,
    )
