from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from core.domain.actors import Actor, SystemActor
from core.domain.audit import Change
from core.domain.deliveries.source_key import choose_lane
from core.domain.errors import DomainError, StorageConflict, StorageUnavailable
from core.domain.integrations.integration import Integration, IntegrationNotFound, StatusReason, build_status_event
from core.domain.permissions import Action
from core.use_cases.authorization import AccessControl
from ports.provider import GitProvider
from ports.system import Clock
from ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class DisconnectIntegration:
    """End an organization's integration; its links and history stay.

    The token goes in the same write. Uninstalling at the provider is only noted here, and done by
    `UninstallRevoked`: the provider may be out of reach, and the person should not wait for it.
    """

    unit_of_work: UnitOfWork
    access_control: AccessControl
    clock: Clock

    async def __call__(self, actor: Actor, *, organization_id: UUID, provider: str, uninstall: bool = False) -> None:
        """Revoke it; one that is revoked already stays so, and may still be asked to be uninstalled.

        Raises `IntegrationNotFound`, `ProviderUnknown`, `OrganizationNotFound` or `ActionForbidden`.
        """
        organization = await self.access_control.require(actor, Action.DISCONNECT, organization_id, provider)
        async with self.unit_of_work() as tx:
            found = await tx.integrations.find(organization.id, provider)
            if found is None:
                raise IntegrationNotFound(
                    "This organization is not connected to the provider, so it cannot be disconnected."
                )
            # Its events are processed either before or after, and then find it revoked.
            await tx.event_queue.lock(choose_lane(found.provider_id))
            known = await tx.integrations.get_for_update(organization.id, provider)
            if known is None or known.provider_id != found.provider_id:
                raise StorageConflict(
                    "The organization was connected again in the meantime. Load the integration, then try again."
                )
            now = self.clock.now()
            after = known if known.is_revoked else known.revoke(StatusReason.DISCONNECTED, at=now)
            gone = after.status_reason is StatusReason.UNINSTALLED_ON_PROVIDER
            if uninstall and not gone and after.uninstall_requested_at is None:
                after = replace(after, uninstall_requested_at=now)
            if after != known:
                await tx.integrations.apply([Change(known, after, actor)])
            if not known.is_revoked:
                await tx.domain_events.append([build_status_event(after, at=now)])
            await tx.commit()


_BATCH_SIZE = 20
_BY = SystemActor("scheduler")


@dataclass(frozen=True, slots=True)
class UninstallRevoked:
    """Remove at the provider the installations whose people asked for that when they disconnected.

    What is wanted stands in the integration's row until it is done, so no outage and no crash loses it.
    """

    unit_of_work: UnitOfWork
    providers: Mapping[str, GitProvider]
    clock: Clock

    async def __call__(self) -> int:
        """Try each once and return how many are done; raises `StorageUnavailable`."""
        async with self.unit_of_work() as tx:
            wanted = await tx.integrations.list_to_uninstall(limit=_BATCH_SIZE)
        return sum([await self._uninstall(integration) for integration in wanted])

    async def _uninstall(self, integration: Integration) -> bool:
        try:
            await self.providers[integration.provider].uninstall(integration.provider_id)
        except StorageUnavailable:
            raise
        except DomainError:
            return False
        async with self.unit_of_work() as tx:
            known = await tx.integrations.get_for_update(integration.organization_id, integration.provider)
            # It may have been connected anew meanwhile, to the same installation or another.
            if known and known.is_revoked and known.provider_id == integration.provider_id:
                done = replace(known, uninstall_requested_at=None)
                await tx.integrations.apply([Change(known, done, _BY)])
                await tx.commit()
        return True
