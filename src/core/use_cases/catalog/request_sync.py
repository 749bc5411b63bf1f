from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.domain.actors import Actor
from core.domain.audit import Change
from core.domain.catalog.sync import SyncState, build_sync_state, request_manual_sync
from core.domain.integrations.integration import Integration, IntegrationNotFound, IntegrationStatus
from core.domain.organizations import Organization
from core.domain.permissions import Action
from core.domain.tokens.lease import explain_inactive
from core.use_cases.authorization import AccessControl
from ports.system import Clock
from ports.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True, slots=True)
class RequestSync:
    """Request a sync of the catalog with the provider."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, provider: str) -> SyncState:
        """Return the state of the sync, which starts within seconds.

        Raises `SyncCoolingDown`, `IntegrationNotActive`, `IntegrationNotFound`, `ProviderUnknown`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.SYNC, organization_id, provider)
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            integration = await request_sync(tx, actor, organization, provider, now)
            await tx.commit()
        return build_sync_state(integration, now)


async def request_sync(
    tx: Transaction, actor: Actor, organization: Organization, provider: str, now: datetime
) -> Integration:
    """Request a sync for an authorized actor; raises what `RequestSync` raises."""
    integration = await tx.integrations.get_for_update(organization.id, provider)
    if integration is None:
        raise IntegrationNotFound("This organization is not connected to the provider. Connect it first.")
    if integration.status is not IntegrationStatus.ACTIVE:
        raise explain_inactive(integration)
    requested = request_manual_sync(integration, now)
    if requested != integration:
        await tx.integrations.apply([Change(integration, requested, actor)])
    return requested
