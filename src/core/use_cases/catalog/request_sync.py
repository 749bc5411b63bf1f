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
    """Ask for the catalog to be read from the provider now."""

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, provider: str) -> SyncState:
        """Return how current the catalog is; the sync comes within seconds.

        Raises `SyncCoolingDown`, `IntegrationNotActive`, `IntegrationNotFound`, `ProviderUnknown`,
        `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.SYNC, organization_id, provider)
        now = self.clock.now()
        async with self.unit_of_work() as tx:
            wanted = await request_sync(tx, actor, organization, provider, now)
            await tx.commit()
        return build_sync_state(wanted, now)


async def request_sync(
    tx: Transaction, actor: Actor, organization: Organization, provider: str, now: datetime
) -> Integration:
    """Note, for whoever has been authorized, that a sync is wanted; raises what `RequestSync` does."""
    known = await tx.integrations.get_for_update(organization.id, provider)
    if known is None:
        raise IntegrationNotFound("This organization is not connected to the provider. Connect it first.")
    if known.status is not IntegrationStatus.ACTIVE:
        raise explain_inactive(known)
    wanted = request_manual_sync(known, now)
    if wanted != known:
        await tx.integrations.apply([Change(known, wanted, actor)])
    return wanted
